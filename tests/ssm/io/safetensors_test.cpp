// safetensors: what PyTorch's package wrote is read, what is written is what it writes, and nothing else is accepted.
#include <cmath>
#include <cstring>
#include <fstream>

#include "tests/ssm/reference_data.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/io/half_floats.hpp>
#include <ssmscan/ssm/io/safetensors.hpp>

namespace ssmscan::ssm {
namespace {

using test::data_path;
using test::refusal;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A file of this header and this many bytes of elements.
std::vector<std::byte> file_of(std::string const& header, std::size_t elements) {
  std::uint64_t const length = header.size();
  std::string text(reinterpret_cast<char const*>(&length), 8);
  text += header;
  text.append(elements, '\1');
  auto const bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

std::string entry(std::string const& name, std::string const& type, std::string const& shape,
                  std::string const& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

TEST(Safetensors, ReadsWhatTorchWrote) {
  tensor_files const read = read_safetensors(data_path("safetensors/types.safetensors"));
  std::vector<double> const expected{0, 1, 2, 5, 3, 100, 7, 1};
  EXPECT_EQ(read.table().metadata.at("made by"), "torch");
  EXPECT_EQ(read.table().tensors.size(), 12u);
  for (std::string const type : {"f16", "bf16", "f32", "f64"}) {
    stored_tensor const& tensor = read.at("t." + type);
    EXPECT_THAT(tensor.shape, ElementsAre(2, 4));
    EXPECT_EQ(values_of<double>(tensor, type), expected) << type;
  }
  EXPECT_EQ(values_of<float>(read.at("t.bf16"), "x"), std::vector<float>(expected.begin(), expected.end()));
  EXPECT_THAT(values_of<std::int64_t>(read.at("t.i64"), "x"), ElementsAre(0, 1, 2, 5, 3, 100, 7, 1));
  EXPECT_THAT(values_of<std::uint8_t>(read.at("t.u8"), "x"), ElementsAre(0, 1, 2, 5, 3, 100, 7, 1));
  EXPECT_EQ(name_of(read.at("t.boolean").type), "BOOL");
  EXPECT_EQ(name_of(read.at("t.i8").type), "I8");
  EXPECT_EQ(name_of(read.at("t.i16").type), "I16");
  EXPECT_EQ(name_of(read.at("t.i32").type), "I32");
  EXPECT_TRUE(read.at("scalar").shape.empty());
  EXPECT_THAT(values_of<float>(read.at("scalar"), "x"), ElementsAre(2.5f));
  EXPECT_THAT(read.at("empty").shape, ElementsAre(0, 3));
  EXPECT_EQ(read.at("empty").elements(), 0);
  EXPECT_THAT(refusal([&] { read.at("other"); }), HasSubstr("no tensor 'other'"));
  EXPECT_EQ(refusal([&] { values_of<float>(read.at("t.f64"), "w"); }), "w: got F64; need F32, BF16 or F16");
  EXPECT_EQ(refusal([&] { values_of<std::int64_t>(read.at("t.i32"), "w"); }), "w: got I32; need I64");
}

TEST(Safetensors, WritesTheBytesTorchWrites) {
  test::scratch_folder const folder;
  for (std::string const name :
       {"safetensors/types", "safetensors/rounded", "tiny-mamba/model", "tiny-mamba/reference"}) {
    tensor_files const read = read_safetensors(data_path(name + ".safetensors"));
    write_safetensors(folder / "x", read.table(), existing_file::replace);
    EXPECT_EQ(read_file(folder / "x"), read_file(data_path(name + ".safetensors"))) << name;
  }
}

TEST(Safetensors, WritesAndReadsItsOwnTensors) {
  test::scratch_folder const folder;
  std::vector<double> const doubles{1, 2, 3, 4, 5, 6};
  std::vector<std::complex<float>> const pair{{1, 2}, {3, -4}};
  tensor_table table;
  table.tensors["b \"quoted\" \xC3\xA4"] = view_of<double>({2, 3}, doubles);
  table.tensors["a"] = view_of<std::complex<float>>({2}, pair);
  write_safetensors(folder / "x", table, existing_file::keep);
  tensor_files const read = read_safetensors(folder / "x");
  EXPECT_EQ(values_of<double>(read.at("b \"quoted\" \xC3\xA4"), "x"), doubles);
  EXPECT_EQ(values_of<std::complex<float>>(read.at("a"), "x"), pair);
  EXPECT_THAT(refusal([&] { write_safetensors(folder / "x", table, existing_file::keep); }),
              HasSubstr("already there"));
  EXPECT_THAT(refusal([&] { view_of<double>({2, 2}, doubles); }), HasSubstr("values: got 48 bytes; need 32"));
  table.tensors["line\nbreak"] = view_of<double>({6}, doubles);
  EXPECT_THAT(refusal([&] { write_safetensors(folder / "y", table, existing_file::keep); }), HasSubstr("printable"));
  table.tensors.clear();
  write_safetensors(folder / "empty", table, existing_file::keep);
  EXPECT_TRUE(read_safetensors(folder / "empty").table().tensors.empty());
}

TEST(Safetensors, RefusesEveryPrefixAndEveryExtensionOfAFile) {
  std::vector<std::byte> whole = read_file(data_path("safetensors/types.safetensors"));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(parse_safetensors(std::span(whole).first(size), "x"), std::invalid_argument) << size;
  EXPECT_NO_THROW(parse_safetensors(whole, "x"));
  whole.push_back(std::byte{0});
  EXPECT_THAT(refusal([&] { parse_safetensors(whole, "x"); }), HasSubstr("bytes of elements"));
}

// Whatever one byte of the header is turned into: taken or refused, never anything else.
TEST(Safetensors, SurvivesEveryChangeOfOneByte) {
  std::vector<std::byte> const whole = read_file(data_path("safetensors/types.safetensors"));
  std::size_t taken = 0, refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (int const change : {1, 2, 0x20, 0x80, 0xff}) {
      std::vector<std::byte> changed = whole;
      changed[i] ^= static_cast<std::byte>(change);
      try {
        parse_safetensors(changed, "x");
        ++taken;
      } catch (std::invalid_argument const&) { ++refused; }
    }
  }
  EXPECT_EQ(taken + refused, 5 * whole.size());
  EXPECT_GT(refused, taken);
}

// What is given, and what is said of it.
using refusals = std::vector<std::pair<std::string, std::string>>;

template <class Read>
void expect_refused(refusals const& table, std::string const& name, Read read) {
  for (auto const& row : table)
    EXPECT_THAT(refusal([&] { read(row.first); }), AllOf(testing::StartsWith(name), HasSubstr(row.second)))
        << row.first.substr(0, 200);
}

TEST(Safetensors, RefusesMalformedHeaders) {
  std::string const good = entry("a", "F32", "[2]", "[0,8]");
  refusals const table{
      {"", "does not begin with '{'"},
      {" {}", "does not begin with '{'"},
      {"\xEF\xBB\xBF{}", "does not begin with '{'"},
      {"[]", "does not begin with '{'"},
      {"{" + good, "does not parse"},
      {"{" + good + "}\n", "does not end with '}'"},
      {"{" + good + "} x}", "does not parse"},
      {"{" + good + "}{}", "does not parse"},
      {std::string("{}\0}", 4), "a byte 0"},
      {"{" + good + ",}", "does not parse"},
      {"{" + good + "/* */}", "does not parse"},
      {"{\"\xff\":" + good.substr(4) + "}", "does not parse"},
      {"{\"a\":NaN}", "does not parse"},
      {"{\"a\":null}", "null as 'a'"},
      {"{\"a\":[]}", "an array as 'a'"},
      {"{\"a\":1}", "a number as 'a'"},
      {"{\"a\":\"b\"}", "the string 'b' as 'a'"},
      {"{" + good + "," + good + "}", "tensor 'a' twice"},
      {"{" + good + "," + entry("\\u0061", "F32", "[2]", "[8,16]") + "}", "tensor 'a' twice"},
      {"{" + entry("a\\u0000", "F32", "[2]", "[0,8]") + "}", "control characters"},
      {"{\"__metadata__\":{},\"__metadata__\":{}," + good + "}", "'__metadata__' twice"},
      {"{\"__metadata__\":{\"k\":1}," + good + "}", "a number in __metadata__"},
      {"{\"__metadata__\":{\"k\":{}}," + good + "}", "an object in __metadata__"},
      {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}," + good + "}", "key 'k' twice"},
      {"{\"__metadata__\":[]," + good + "}", "an array as '__metadata__'"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", "a key missing"},
      {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "key 'dtype' twice"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"more\":1}}", "key 'more'"},
      {"{\"a\":{\"dtype\":1,\"shape\":[2],\"data_offsets\":[0,8]}}", "a number as dtype"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", "a number as shape"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":{},\"data_offsets\":[0,8]}}", "an object as shape"},
      {"{" + entry("a", "F33", "[2]", "[0,8]") + "}", "dtype 'F33'"},
      {"{" + entry("a", "f32", "[2]", "[0,8]") + "}", "dtype 'f32'"},
      {"{" + entry("a", "F4", "[2]", "[0,8]") + "}", "dtype 'F4'"},
      {"{" + entry("a", "F32", "[-2]", "[0,8]") + "}", "a negative number in shape"},
      {"{" + entry("a", "F32", "[-0]", "[0,8]") + "}", "a negative number in shape"},
      {"{" + entry("a", "F32", "[2.0]", "[0,8]") + "}", "the number 2.0"},
      {"{" + entry("a", "F32", "[2e0]", "[0,8]") + "}", "the number 2e0"},
      {"{" + entry("a", "F32", "[02]", "[0,8]") + "}", "does not parse"},
      {"{" + entry("a", "F32", "[\"2\"]", "[0,8]") + "}", "the string '2'"},
      {"{" + entry("a", "F32", "[[2]]", "[0,8]") + "}", "an array in shape"},
      {"{" + entry("a", "F32", "[9223372036854775808]", "[0,8]") + "}", "numbers of 0 to 2^63 - 1"},
      {"{" + entry("a", "F32", "[18446744073709551616]", "[0,8]") + "}", "the number 18446744073709551616"},
      {"{" + entry("a", "F32", "[4294967296,4294967296]", "[0,8]") + "}", "more than 2^63 - 1 bytes"},
      {"{" + entry("a", "F32", "[0,4294967296,4294967296]", "[0,0]") + "," + entry("b", "F32", "[2]", "[0,8]") + "}",
       "more than 2^63 - 1 bytes"},
      {"{" + entry("a", "F32", "[4194305,4194305,211106198978564]", "[0,8]") + "}", "more than 2^63 - 1 bytes"},
      {"{" + entry("a", "F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]") + "}", "more than 8 axes"},
      {"{" + entry("a", "F32", "[2]", "[0,8,8]") + "}", "more than two data_offsets"},
      {"{" + entry("a", "F32", "[2]", "[8]") + "}", "1 data_offsets"},
      {"{" + entry("a", "F32", "[2]", "[8,0]") + "}", "begin <= end"},
      {"{" + entry("a", "F32", "[3]", "[0,8]") + "}", "need 12 bytes"},
      {"{" + entry("a", "F32", "[1]", "[0,8]") + "}", "need 4 bytes"},
      {"{" + entry("a", "F32", "[1]", "[4,8]") + "}", "without gap or overlap"},
      {"{" + entry("a", "F32", "[1]", "[0,4]") + "}", "8 bytes of elements; need 4"},
      {"{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[0,4]") + "}",
       "without gap or overlap"},
      {"{" + entry("a", "F32", "[3]", "[0,12]") + "}", "where the file ends"},
      {"{" + entry("a", "F32", "[2]", "[18446744073709551608,18446744073709551616]") + "}", "the number"},
      {"{" + entry("a", "F32", "[2]", "[9223372036854775800,9223372036854775807]") + "}", "without gap or overlap"},
      {"{" + entry(std::string(257, 'n'), "F32", "[2]", "[0,8]") + "}", "a tensor name of 257 bytes"},
      {"{}", "8 bytes of elements; need 0"},
      {"{\"a\":" + std::string(100000, '[') + "}", "an array as 'a'"},
  };
  expect_refused(table, "x", [](std::string const& header) { parse_safetensors(file_of(header, 8), "x"); });
  EXPECT_NO_THROW(parse_safetensors(file_of("{" + good + "}   ", 8), "x"));
  EXPECT_NO_THROW(parse_safetensors(file_of("{}", 0), "x"));
  // Empty tensors may stand anywhere, in any order of names.
  std::string const empty = entry("z", "F32", "[0]", "[0,0]") + "," + entry("c", "F32", "[5,0]", "[8,8]");
  EXPECT_NO_THROW(parse_safetensors(file_of("{" + empty + "," + good + "}", 8), "x"));
}

TEST(Safetensors, RefusesLengthsAndCountsBeyondItsLimits) {
  std::vector<std::byte> file = file_of("{}", 0);
  for (std::uint64_t const length :
       {std::uint64_t{3}, std::uint64_t{1} << 40, ~std::uint64_t{0}, ~std::uint64_t{0} - 7}) {
    std::memcpy(file.data(), &length, 8);
    EXPECT_THAT(refusal([&] { parse_safetensors(file, "x"); }), HasSubstr("a header of"));
  }
  safetensors_limits const two{.tensors = 2};
  std::string const three = entry("a", "U8", "[1]", "[0,1]") + "," + entry("b", "U8", "[1]", "[1,2]") + "," +
                            entry("c", "U8", "[1]", "[2,3]");
  EXPECT_NO_THROW(parse_safetensors(file_of("{" + three + "}", 3), "x"));
  EXPECT_THAT(refusal([&] { parse_safetensors(file_of("{" + three + "}", 3), "x", two); }),
              HasSubstr("more than 2 tensors"));
}

TEST(Safetensors, ReadsShardsAndHoldsThemToTheirIndex) {
  test::scratch_folder const folder;
  std::vector<float> const values{1, 2, 3};
  auto const shard = [&](std::string const& file, std::vector<std::string> const& names) {
    tensor_table table;
    for (std::string const& name : names) table.tensors[name] = view_of<float>({3}, values);
    write_safetensors(folder / file, table, existing_file::replace);
  };
  auto const index = [&](std::string const& text) {
    std::ofstream(folder / "i.json") << text;
    return folder / "i.json";
  };
  shard("1.safetensors", {"a", "b"});
  shard("2.safetensors", {"c"});
  std::string const map = R"({"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"})";
  tensor_files const read =
      read_sharded_safetensors(index(R"({"metadata":{"total_size":36},"weight_map":)" + map + "}"));
  EXPECT_EQ(read.table().tensors.size(), 3u);
  EXPECT_EQ(values_of<float>(read.at("c"), "c"), values);

  refusals const table{
      {"", "JSON"},
      {"{}", "no weight_map"},
      {R"({"weight_map":[]})", "no weight_map"},
      {R"({"weight_map":{},"more":1})", "key 'more'"},
      {R"({"weight_map":{"a":1}})", "no file name for 'a'"},
      {R"({"weight_map":{"a":"../1.safetensors"}})", "the name of a file beside the index"},
      {R"({"weight_map":{"a":".."}})", "the name of a file beside the index"},
      {R"({"weight_map":{"a":""}})", "the name of a file beside the index"},
      {R"({"weight_map":{"a":"3.safetensors"}})", "no file to read"},
      {R"({"weight_map":{"a":"1.safetensors"}})", "tensor 'b'"},
      {R"({"weight_map":{"c":"2.safetensors","d":"2.safetensors"}})", "no tensor 'd'"},
      {R"({"weight_map":{"c":"2.safetensors","c":"2.safetensors"}})", "key 'c' twice"},
      {R"({"weight_map":{"c":"2.safetensors"},"weight_map":{}})", "key 'weight_map' twice"},
      {R"({"weight_map":{"c":"2.safetensors"},"metadata":)" + std::string(50, '[') + std::string(50, ']') + "}",
       "32 deep"},
  };
  expect_refused(table, "", [&](std::string const& text) { read_sharded_safetensors(index(text)); });
}

// Widening all 65536 patterns against the definition of each type; narrowing back gives the pattern.
TEST(HalfFloats, WidenAndNarrowEveryPattern) {
  for (std::uint32_t pattern = 0; pattern < 65536; ++pattern) {
    auto const bits = static_cast<std::uint16_t>(pattern);
    int const exponent = (bits >> 10) & 31, fraction = bits & 1023;
    double const sign = bits & 0x8000 ? -1 : 1;
    float const half = from_half(bits);
    if (exponent == 31 && fraction != 0) {
      EXPECT_TRUE(std::isnan(half) && std::isnan(from_half(to_half(half)))) << pattern;
    } else {
      double const value = exponent == 31  ? HUGE_VAL
                           : exponent == 0 ? std::ldexp(fraction, -24)
                                           : std::ldexp(1024 + fraction, exponent - 25);
      EXPECT_EQ(half, static_cast<float>(sign * value)) << pattern;
      EXPECT_EQ(to_half(half), bits) << pattern;
    }
    float const brain = from_bfloat16(bits);
    if (std::isnan(brain)) {
      EXPECT_TRUE(std::isnan(from_bfloat16(to_bfloat16(brain)))) << pattern;
    } else {
      EXPECT_EQ(to_bfloat16(brain), bits) << pattern;
    }
  }
}

TEST(HalfFloats, RoundAsTorchDoes) {
  tensor_files const read = read_safetensors(data_path("safetensors/rounded.safetensors"));
  std::vector<float> const values = values_of<float>(read.at("f32"), "x");
  std::vector<float> const halves = values_of<float>(read.at("f16"), "x"),
                           brains = values_of<float>(read.at("bf16"), "x");
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(from_half(to_half(values[i]))), std::bit_cast<std::uint32_t>(halves[i]))
        << values[i];
    EXPECT_EQ(std::bit_cast<std::uint32_t>(from_bfloat16(to_bfloat16(values[i]))),
              std::bit_cast<std::uint32_t>(brains[i]))
        << values[i];
  }
}

}  // namespace
}  // namespace ssmscan::ssm
