// The tokenizer against Hugging Face's, on texts with every kind of word, space and character.
#include "tests/ssm/reference_data.hpp"
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <ssmscan/ssm/tokenizer.hpp>

namespace ssmscan::ssm {
namespace {

using test::data_path;
using test::refusal;
using testing::HasSubstr;

std::string text_of(std::string const& file) {
  auto const bytes = read_file(data_path("tokenizer/" + file));
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

TEST(Tokenizer, EncodesAndDecodesAsTheReference) {
  tokenizer const made = tokenizer::load(data_path("tokenizer/tokenizer.json"));
  std::size_t cases = 0;
  nlohmann::json const file = nlohmann::json::parse(text_of("cases.json"));
  for (auto const& one : file.at("cases")) {
    std::string const text = one.at("text");
    std::vector<index_t> const ids = made.encode(text);
    EXPECT_EQ(ids, one.at("ids").get<std::vector<index_t>>()) << text;
    std::string decoded;
    for (index_t const id : ids) decoded += made.decode(id);
    EXPECT_EQ(decoded, text);
    ++cases;
  }
  EXPECT_GE(cases, 20u);
}

TEST(Tokenizer, RefusesWhatItCannotDo) {
  tokenizer const made = tokenizer::load(data_path("tokenizer/tokenizer.json"));
  EXPECT_THAT(refusal([&] { made.encode("a\xff"); }), HasSubstr("not UTF-8"));
  EXPECT_THAT(refusal([&] { made.encode("e\xCC\x81"); }), HasSubstr("NFC"));
  EXPECT_THAT(refusal([&] { made.decode(100000); }), HasSubstr("id: got 100000"));

  test::scratch_folder const folder;
  auto const said = [&](std::string const& from, std::string const& to) {
    std::string text = nlohmann::json::parse(text_of("tokenizer.json")).dump();
    std::size_t const at = text.find(from);
    if (at == std::string::npos) ADD_FAILURE() << from;
    write_file(folder / "t.json", text.replace(at, from.size(), to), existing_file::replace);
    return refusal([&] { tokenizer::load(folder / "t.json"); });
  };
  EXPECT_THAT(said("\"BPE\"", "\"Unigram\""), HasSubstr("model"));
  EXPECT_THAT(said("\"dropout\":null", "\"dropout\":0.1"), HasSubstr("model.dropout"));
  EXPECT_THAT(said("\"NFC\"", "\"NFKC\""), HasSubstr("normalizer"));
  EXPECT_THAT(said("\"add_prefix_space\":false", "\"add_prefix_space\":true"), HasSubstr("pre_tokenizer"));
  EXPECT_THAT(said("[\"h\",\"e\"]", "[\"h\",\"e\",\"l\"]"), HasSubstr("model.merges"));
  EXPECT_THAT(said("[\"h\",\"e\"]", "[\"h\",\"nothere\"]"), HasSubstr("tokens that are not there"));
  EXPECT_THAT(said("\"vocab\":{", "\"vocab\":{\"twice\":5,"), HasSubstr("twice"));
  EXPECT_THAT(said("\"lstrip\":false", "\"lstrip\":true"), HasSubstr("lstrip"));
  EXPECT_THAT(said("{", "["), HasSubstr("JSON"));
}

}  // namespace
}  // namespace ssmscan::ssm
