// npy files: what numpy.save wrote is read, what is written is what numpy.save writes, and nothing else is accepted.
#include <fstream>
#include <limits>

#include "tests/ssm/reference_data.hpp"
#include <gmock/gmock.h>

namespace ssmscan::ssm {
namespace {

using test::data_path;
using test::refusal;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

template <class T>
std::vector<T> values_of(npy_array const& array) {
  auto const values = array.as<T>();
  return {values.begin(), values.end()};
}

TEST(Npy, ReadsWhatNumpyWrote) {
  npy_array const f4 = read_npy(data_path("io/f4_2x3.npy"));
  EXPECT_THAT(f4.shape, ElementsAre(2, 3));
  EXPECT_THAT(values_of<float>(f4), ElementsAre(0.f, .25f, .5f, .75f, 1.f, 1.25f));
  npy_array const scalar = read_npy(data_path("io/f8_scalar.npy"));
  EXPECT_TRUE(scalar.shape.empty());
  EXPECT_EQ(scalar.elements(), 1);
  EXPECT_THAT(values_of<double>(scalar), ElementsAre(2.5));
  using c8 = std::complex<float>;
  using c16 = std::complex<double>;
  EXPECT_THAT(values_of<c8>(read_npy(data_path("io/c8_3.npy"))), ElementsAre(c8(1, 2), c8(0, -.5f), c8(3, 0)));
  npy_array const c = read_npy(data_path("io/c16_1x2x2.npy"));
  EXPECT_THAT(c.shape, ElementsAre(1, 2, 2));
  EXPECT_THAT(values_of<c16>(c), ElementsAre(c16(1, 2), c16(0, -.5), c16(3, 0), c16(4, -1)));
  EXPECT_THAT(values_of<std::uint32_t>(read_npy(data_path("io/u4_4.npy"))), ElementsAre(0u, 1u, 1u << 31, ~0u));
  EXPECT_THAT(values_of<std::int64_t>(read_npy(data_path("io/i8_3.npy"))),
              ElementsAre(std::numeric_limits<std::int64_t>::min(), 0, std::numeric_limits<std::int64_t>::max()));
  npy_array const empty = read_npy(data_path("io/u1_0x5.npy"));
  EXPECT_THAT(empty.shape, ElementsAre(0, 5));
  EXPECT_EQ(empty.elements(), 0);
  EXPECT_THAT(values_of<double>(read_npy(data_path("io/version2.npy"))), ElementsAre(0., 1., 2.));
}

TEST(Npy, WritesTheBytesNumpyWrites) {
  test::scratch_folder const folder;
  int files = 0;
  for (std::string const name : {"f4_2x3", "f8_scalar", "c8_3", "c16_1x2x2", "u4_4", "i8_3", "u1_0x5"}) {
    write_npy(folder / name, read_npy(data_path("io/" + name + ".npy")), existing_file::keep);
    EXPECT_EQ(read_file(folder / name), read_file(data_path("io/" + name + ".npy"))) << name;
    ++files;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), files);  // no temporary is left
}

TEST(Npy, MakesArraysOfTheRightSize) {
  std::vector<float> const six{1, 2, 3, 4, 5, 6};
  npy_array const array = make_npy<float>({2, 3}, six);
  EXPECT_EQ(values_of<float>(array), six);
  EXPECT_THAT(refusal([&] { make_npy<float>({2, 2}, six); }), HasSubstr("values: got 6"));
  EXPECT_EQ(refusal([&] { static_cast<void>(array.as<double>()); }), "array: got <f4; need <f8");
}

TEST(Npy, KeepsAFileThatIsThere) {
  test::scratch_folder const folder;
  npy_array const one = make_npy<double>({1}, std::vector<double>{1});
  npy_array const two = make_npy<double>({1}, std::vector<double>{2});
  write_npy(folder / "x.npy", one, existing_file::keep);
  EXPECT_THAT(refusal([&] { write_npy(folder / "x.npy", two, existing_file::keep); }), HasSubstr("already there"));
  EXPECT_THAT(values_of<double>(read_npy(folder / "x.npy")), ElementsAre(1.));
  write_npy(folder / "x.npy", two, existing_file::replace);
  EXPECT_THAT(values_of<double>(read_npy(folder / "x.npy")), ElementsAre(2.));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  EXPECT_THAT(refusal([&] { write_npy(folder.path(), two, existing_file::replace); }), HasSubstr("a folder"));
  EXPECT_THROW(write_npy(folder / "none/x.npy", two, existing_file::keep), std::system_error);
}

TEST(Npy, RefusesFilesThatAreNone) {
  test::scratch_folder const folder;
  EXPECT_THAT(refusal([&] { read_npy(folder / "absent.npy"); }), HasSubstr("no file to read"));
  EXPECT_THAT(refusal([&] { read_npy(folder.path()); }), HasSubstr("not a regular file"));
  EXPECT_THAT(refusal([&] { read_file(data_path("io/f4_2x3.npy"), 10); }), HasSubstr("at most 10 bytes"));
  EXPECT_THAT(refusal([&] { read_npy(data_path("io/fortran.npy")); }), HasSubstr("Fortran (column-major) order"));
  EXPECT_THAT(refusal([&] { read_npy(data_path("io/big_endian.npy")); }), HasSubstr("big-endian type '>f8'"));
  EXPECT_THAT(refusal([&] { read_npy(data_path("io/float16.npy")); }), HasSubstr("type '<f2'; need one of <f4"));
}

TEST(Npy, NeedsWhatItsReaderTakes) {
  auto const read = [](npy_types const& taken) {
    return refusal([&] { read_npy(data_path("io/f4_2x3.npy"), taken); });
  };
  EXPECT_THAT(read({{npy_type::i8}}), EndsWith(": got type '<f4'; need <i8"));
  EXPECT_THAT(read({{npy_type::f8, npy_type::c16}, ", of --a"}), EndsWith("; need one of <f8, <c16, of --a"));
  EXPECT_EQ(read_npy(data_path("io/f4_2x3.npy"), {{npy_type::u1, npy_type::f4}}).type, npy_type::f4);
}

std::vector<std::byte> bytes_of_text(std::string const& text) {
  auto const bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

// A version 1.0 file with this header text and this many bytes of elements.
std::vector<std::byte> file_of(std::string const& header, std::size_t elements) {
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size() & 0xff);
  text += static_cast<char>(header.size() >> 8);
  return bytes_of_text(text + header + std::string(elements, '\0'));
}

TEST(Npy, RefusesEveryPrefixAndEveryExtensionOfAFile) {
  std::vector<std::byte> whole = read_file(data_path("io/f4_2x3.npy"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_npy(std::span(whole).first(size), "x"), std::invalid_argument) << size;
  }
  EXPECT_NO_THROW(parse_npy(whole, "x"));
  whole.push_back(std::byte{0});
  EXPECT_EQ(refusal([&] { parse_npy(whole, "x"); }), "x: got 25 bytes of elements; need 24 for shape (2, 3) of <f4");
}

TEST(Npy, RefusesMalformedHeaders) {
  struct bad {
    std::string header;
    std::string said;
  };
  std::string const type = "'descr': '<f8', ";
  std::string const order = "'fortran_order': False, ";
  std::vector<bad> const table{
      {"", "'{' in the header"},
      {"{}", "without all keys"},
      {"{" + type + order + "}", "without all keys"},
      {"{" + type + "'shape': (1,), }", "without all keys"},
      {"{" + type + type + order + "'shape': (1,), }", "once each"},
      {"{" + type + order + "'shape': (1,), 'shape': (1,), }", "once each"},
      {"{" + type + order + "'shape': (1,), 'more': 1, }", "key 'more'"},
      {"{" + type + order + "'shape': (1), }", "(n,) for one axis"},
      {"{" + type + order + "'shape': (1 1), }", "does not parse"},
      {"{" + type + order + "'shape': (,), }", "sizes of 0 to 2^63 - 1"},
      {"{" + type + order + "'shape': (-1,), }", "sizes of 0 to 2^63 - 1"},
      {"{" + type + order + "'shape': (1.0,), }", "does not parse"},
      {"{" + type + order + "'shape': (1L,), }", "does not parse"},
      {"{" + type + order + "'shape': (0x1,), }", "does not parse"},
      {"{" + type + order + "'shape': (9223372036854775808,), }", "sizes of 0 to 2^63 - 1"},
      {"{" + type + order + "'shape': (4294967296, 4294967296), }", "more than 2^63 - 1 bytes"},
      {"{" + type + order + "'shape': (0, 4294967296, 4294967296), }", "more than 2^63 - 1 bytes"},
      {"{" + type + order + "'shape': (1152921504606846976,), }", "more than 2^63 - 1 bytes"},
      {"{" + type + order + "'shape': (1,), } x", "text after"},
      {"{" + type + order + "'shape': (1,), }\n\n", "text after"},
      {"{" + type + order + "'shape': (1,)", "'}' in the header"},
      {"{" + type + "'fortran_order': True, 'shape': (1,), }", "Fortran"},
      {"{" + type + "'fortran_order': 0, 'shape': (1,), }", "neither True nor False"},
      {"{'descr': [('a', '<f8')], " + order + "'shape': (1,), }", "structured"},
      {"{'descr': '|O', " + order + "'shape': (1,), }", "type '|O'"},
      {"{'descr': '<f8, " + order + "'shape': (1,), }", "need"},
      {"{descr: '<f8', " + order + "'shape': (1,), }", "a key in quotes"},
      {"{" + type + order + "'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1), }",
       "at most 32"},
  };
  for (bad const& one : table) {
    std::string const said = refusal([&] { parse_npy(file_of(one.header, 8), "x"); });
    EXPECT_THAT(said, HasSubstr(one.said)) << one.header;
    EXPECT_THAT(said, testing::StartsWith("x: got ")) << one.header;
  }
  // The same file without a flaw, in another order of keys, other quotes and without the last comma, is accepted.
  EXPECT_NO_THROW(parse_npy(file_of("{\"shape\":(1,),'fortran_order':False,'descr':'<f8'}", 8), "x"));
  std::vector<std::byte> version = file_of("{" + type + order + "'shape': (1,), }", 8);
  version[6] = std::byte{4};
  EXPECT_THAT(refusal([&] { parse_npy(version, "x"); }), HasSubstr("npy version 4.0"));
  version[6] = std::byte{1};
  version[9] = std::byte{0xff};
  EXPECT_THAT(refusal([&] { parse_npy(version, "x"); }), HasSubstr("header longer than the file"));
  version[0] = std::byte{'P'};
  EXPECT_THAT(refusal([&] { parse_npy(version, "x"); }), HasSubstr("does not begin with"));
}

}  // namespace
}  // namespace ssmscan::ssm
