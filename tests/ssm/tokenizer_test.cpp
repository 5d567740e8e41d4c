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

// As transformers writes GPTNeoXTokenizer with add_bos_token: [0, 259, ...] for a text of ids [259, ...].
TEST(Tokenizer, PutsItsOwnTokensAroundAText) {
  tokenizer const plain = tokenizer::load(data_path("tokenizer/tokenizer.json"));
  std::vector<index_t> const ids = plain.encode("the words");
  auto const by = [](std::string const& processor) {
    nlohmann::json file = nlohmann::json::parse(text_of("tokenizer.json"));
    file["post_processor"] = nlohmann::json::parse(processor);
    test::scratch_folder const folder;
    write_file(folder / "t.json", file.dump(), existing_file::keep);
    return tokenizer::load(folder / "t.json").encode("the words");
  };
  std::string const text = R"({"Sequence":{"id":"A","type_id":0}})", end = R"({"SpecialToken":{"id":"E","type_id":0}})",
                    tokens = R"("special_tokens":{"E":{"id":"E","ids":[0],"tokens":["E"]}}})";
  auto const around = [&](std::string const& pieces) {
    return R"({"type":"TemplateProcessing","pair":[],"single":[)" + pieces + "]," + tokens;
  };
  auto const joined = [&](bool before, bool after) {
    std::vector<index_t> made = ids;
    if (before) made.insert(made.begin(), 0);
    if (after) made.push_back(0);
    return made;
  };
  std::string const of_bytes = R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true})";
  EXPECT_EQ(by(of_bytes), ids);
  EXPECT_EQ(by(around(text)), ids);
  EXPECT_EQ(by(around(end + "," + text)), joined(true, false));
  EXPECT_EQ(by(around(end + "," + text + "," + end)), joined(true, true));
  EXPECT_EQ(by(R"({"type":"Sequence","processors":[)" + of_bytes + "," + around(text + "," + end) + "]}"),
            joined(false, true));
  std::string const none = R"({"SpecialToken":{"id":"F","type_id":0}})";
  for (std::string const& wrong : {std::string(R"({"type":"BertProcessing"})"), around(end), around(text + "," + text),
                                   around(none + "," + text), std::string(R"({"type":"Sequence"})")})
    EXPECT_THAT(refusal([&] { by(wrong); }), HasSubstr("post_processor: got something else; need ByteLevel, or a"));
}

TEST(Tokenizer, RefusesWhatItCannotDo) {
  tokenizer const made = tokenizer::load(data_path("tokenizer/tokenizer.json"));
  EXPECT_THAT(refusal([&] { made.encode("a\xff"); }), HasSubstr("not UTF-8"));
  EXPECT_THAT(refusal([&] { made.encode("e\xCC\x81"); }), HasSubstr("NFC"));
  EXPECT_TRUE(made.contains(700));
  EXPECT_FALSE(made.contains(100000) || made.contains(-1));
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
