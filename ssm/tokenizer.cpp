#define PCRE2_CODE_UNIT_WIDTH 8
#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <unordered_map>

#include <nlohmann/json.hpp>
#include <pcre2.h>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/strict_json.hpp>
#include <ssmscan/ssm/io/file.hpp>
#include <ssmscan/ssm/tokenizer.hpp>

namespace ssmscan::ssm {
namespace {

using nlohmann::json;

constexpr std::size_t greatest_file = std::size_t{64} << 20;
constexpr index_t greatest_id = index_t{1} << 24;

// GPT-2's: what a word is.
constexpr std::string_view word_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// Characters that NFC may change or join to others: marks, conjoining jamo, and those with a canonical twin.
constexpr std::string_view not_surely_nfc =
    R"([\p{M}\x{1100}-\x{11FF}\x{37E}\x{387}\x{1F71}-\x{1FFD}\x{2000}\x{2001}\x{2126}\x{212A}\x{212B}\x{2329}\x{232A}\x{F900}-\x{FAFF}\x{FB1D}-\x{FB4E}\x{2F800}-\x{2FA1F}])";

// A compiled regular expression over UTF-8 text.
class pattern {
 public:
  explicit pattern(std::string_view text) {
    int error = 0;
    PCRE2_SIZE at = 0;
    code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), PCRE2_UTF | PCRE2_UCP, &error,
                              &at, nullptr));
    if (!code_) throw std::runtime_error("a regular expression does not compile: PCRE2 error " + std::to_string(error));
  }
  // visit(match) for each, one after the other, until none is left.
  template <class Visit>
  void each(std::string_view text, Visit visit) const {
    std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> const found(
        pcre2_match_data_create_from_pattern(code_.get(), nullptr), &pcre2_match_data_free);
    if (!found) throw std::bad_alloc();
    PCRE2_SIZE at = 0;
    std::uint32_t options = 0;  // the first call also checks that the text is UTF-8
    while (at < text.size()) {
      int const got = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at, options,
                                  found.get(), nullptr);
      if (got == PCRE2_ERROR_NOMATCH) return;
      if (got < PCRE2_ERROR_NOMATCH && got >= PCRE2_ERROR_UTF8_ERR21 && got <= PCRE2_ERROR_UTF8_ERR1)
        throw_invalid("text", "bytes that are not UTF-8", "UTF-8");
      if (got < 0) throw std::runtime_error("matching failed: PCRE2 error " + std::to_string(got));
      PCRE2_SIZE const* const ends = pcre2_get_ovector_pointer(found.get());
      visit(text.substr(ends[0], ends[1] - ends[0]));
      at = std::max(ends[1], at + 1);  // no pattern of ours matches nothing
      options = PCRE2_NO_UTF_CHECK;
    }
  }

 private:
  struct free_code {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  };
  std::unique_ptr<pcre2_code, free_code> code_;
};

// A byte's character in the vocabulary: itself where it is printable in Latin-1, else the next one from U+0100 on.
std::array<std::string, 256> characters_of_bytes() {
  std::array<std::string, 256> made;
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    bool const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    unsigned const point = printable ? byte : next++;
    if (point < 0x80) {
      made[byte] = static_cast<char>(point);
    } else {
      made[byte] = {static_cast<char>(0xc0 | (point >> 6)), static_cast<char>(0x80 | (point & 0x3f))};
    }
  }
  return made;
}

struct merge {
  index_t rank, id;
};

}  // namespace

struct tokenizer::tables {
  std::array<index_t, 256> byte_ids{};
  std::map<std::pair<index_t, index_t>, merge> merges;
  std::unordered_map<index_t, std::string> bytes;  // of each id
  std::vector<std::pair<std::string, index_t>> added;
  std::vector<index_t> before, after;  // a text's own ids
  bool nfc = false;
  pattern words{word_pattern}, suspicious{not_surely_nfc};

  void encode_word(std::string_view word, std::vector<index_t>& ids) const {
    std::vector<index_t> parts;
    for (char const c : word) parts.push_back(byte_ids[static_cast<unsigned char>(c)]);
    while (parts.size() > 1) {
      merge best{std::numeric_limits<index_t>::max(), -1};
      std::size_t where = 0;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        auto const found = merges.find({parts[i], parts[i + 1]});
        if (found != merges.end() && found->second.rank < best.rank) best = found->second, where = i;
      }
      if (best.id < 0) break;
      parts[where] = best.id;
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(where) + 1);
    }
    ids.insert(ids.end(), parts.begin(), parts.end());
  }
};

tokenizer::tokenizer(std::unique_ptr<tables> made) : tables_(std::move(made)) {}
tokenizer::tokenizer(tokenizer&&) noexcept = default;
tokenizer& tokenizer::operator=(tokenizer&&) noexcept = default;
tokenizer::~tokenizer() = default;

tokenizer tokenizer::load(std::filesystem::path const& path) {
  std::string const name = path.string();
  json const file = detail::parse_strict_json(read_file(path, index_t{greatest_file}), name, greatest_file);
  auto const need = [&](bool good, std::string const& what, std::string const& wanted) {
    if (!good) throw_invalid(name + ": " + what, "something else", wanted);
  };
  auto const at = [](json const& object, char const* key) {
    return object.is_object() ? object.value(key, json()) : json();
  };
  auto const off = [](json const& value) { return value.is_null() || value == false || value == ""; };
  auto made = std::make_unique<tables>();

  json const model = at(file, "model"), before = at(file, "pre_tokenizer"), normalizer = at(file, "normalizer");
  need(at(model, "type") == "BPE" || (at(model, "type").is_null() && at(model, "merges").is_array()), "model", "BPE");
  for (char const* key : {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                          "byte_fallback", "ignore_merges"})
    need(off(at(model, key)), std::string("model.") + key, "none");
  need(at(before, "type") == "ByteLevel" && off(at(before, "add_prefix_space")) && at(before, "use_regex") != false,
       "pre_tokenizer", "ByteLevel by its pattern, without a space before");
  need(normalizer.is_null() || at(normalizer, "type") == "NFC", "normalizer", "none or NFC");
  made->nfc = !normalizer.is_null();

  json const vocabulary = at(model, "vocab"), merges = at(model, "merges"), added = at(file, "added_tokens");
  need(vocabulary.is_object() && merges.is_array(), "model", "vocab and merges");
  std::array<std::string, 256> const characters = characters_of_bytes();
  std::unordered_map<std::string, char> byte_of;
  for (unsigned byte = 0; byte < 256; ++byte) byte_of[characters[byte]] = static_cast<char>(byte);
  auto const id_of = [&](json const& value, std::string const& token) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > static_cast<std::uint64_t>(greatest_id))
      throw_invalid(name, "an id of '" + token.substr(0, 64) + "' that is none", "0 to 2^24");
    return value.get<index_t>();
  };
  std::unordered_map<std::string, index_t> ids;
  for (auto const& [token, value] : vocabulary.items()) {
    index_t const id = id_of(value, token);
    std::string bytes;
    for (std::size_t i = 0; i < token.size();) {
      std::size_t const length = static_cast<unsigned char>(token[i]) < 0x80 ? 1 : 2;
      auto const found = byte_of.find(token.substr(i, length));
      if (found == byte_of.end()) {  // a special token written as it is: not made of bytes, never merged
        bytes = token;
        break;
      }
      bytes += found->second;
      i += length;
    }
    if (!made->bytes.emplace(id, bytes).second) throw_invalid(name, "id " + std::to_string(id) + " twice", "one token");
    ids.emplace(token, id);
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    auto const found = ids.find(characters[byte]);
    need(found != ids.end(), "model.vocab", "a token for every byte; there is none for byte " + std::to_string(byte));
    made->byte_ids[byte] = found->second;
  }
  bool is_surrounded = false;
  index_t rank = 0;
  for (json const& entry : merges) {
    std::string left, right;
    if (entry.is_string()) {  // "a b"; spaces are never part of a token
      std::string const text = entry.get<std::string>();
      std::size_t const space = text.find(' ');
      need(space != std::string::npos && text.find(' ', space + 1) == std::string::npos, "model.merges", "pairs");
      left = text.substr(0, space), right = text.substr(space + 1);
    } else {
      need(entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string(), "model.merges",
           "pairs");
      left = entry[0].get<std::string>(), right = entry[1].get<std::string>();
    }
    auto const a = ids.find(left), b = ids.find(right), c = ids.find(left + right);
    if (a == ids.end() || b == ids.end() || c == ids.end())
      throw_invalid(name, "merge " + std::to_string(rank) + " of tokens that are not there", "tokens of model.vocab");
    made->merges.emplace(std::pair{a->second, b->second}, merge{rank++, c->second});
  }
  need(added.is_null() || added.is_array(), "added_tokens", "an array");
  for (json const& token : added) {
    json const content = at(token, "content");
    need(content.is_string() && content != "", "added_tokens", "tokens with content");
    for (char const* key : {"single_word", "lstrip", "rstrip"})
      need(off(at(token, key)), std::string("added_tokens: ") + key, "false");
    std::string const text = content.get<std::string>();
    made->added.emplace_back(text, id_of(at(token, "id"), text));
    made->bytes[made->added.back().second] = text;
  }
  // What is put around a text: nothing by ByteLevel, which only speaks of places in the text.
  auto const surround = [&](auto const& self, json const& processor) -> void {
    if (processor.is_null() || at(processor, "type") == "ByteLevel") return;
    char const* const wanted = "ByteLevel, or a template of tokens around the text";
    if (at(processor, "type") == "Sequence") {
      need(at(processor, "processors").is_array(), "post_processor", wanted);
      for (json const& part : processor["processors"]) self(self, part);
      return;
    }
    json const single = at(processor, "single"), special = at(processor, "special_tokens");
    need(at(processor, "type") == "TemplateProcessing" && single.is_array() && !is_surrounded, "post_processor",
         wanted);
    is_surrounded = true;
    std::size_t texts = 0;
    for (json const& piece : single) {
      json const text = at(piece, "Sequence"), token = at(piece, "SpecialToken");
      if (text.is_object() && at(text, "id") == "A" && ++texts == 1) continue;
      json const name_of = at(token, "id");
      need(name_of.is_string(), "post_processor", wanted);
      json const ids_of = at(at(special, name_of.get<std::string>().c_str()), "ids");
      need(ids_of.is_array(), "post_processor", wanted);
      for (json const& id : ids_of) (texts == 0 ? made->before : made->after).push_back(id_of(id, name_of));
    }
    need(texts == 1, "post_processor", wanted);
  };
  surround(surround, at(file, "post_processor"));
  // Where several begin at one place, the longest is meant.
  std::stable_sort(made->added.begin(), made->added.end(),
                   [](auto const& a, auto const& b) { return a.first.size() > b.first.size(); });
  return tokenizer(std::move(made));
}

std::vector<index_t> tokenizer::encode(std::string_view text) const {
  bool changed = false;
  tables_->suspicious.each(text, [&](std::string_view) { changed = true; });  // checks that it is UTF-8, too
  if (changed && tables_->nfc)
    throw_invalid("text", "characters that normalisation to NFC may change",
                  "text in NFC without combining characters");
  std::vector<index_t> ids = tables_->before;
  auto const words = [&](std::string_view part) {
    tables_->words.each(part, [&](std::string_view word) { tables_->encode_word(word, ids); });
  };
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    auto const found = std::find_if(tables_->added.begin(), tables_->added.end(),
                                    [&](auto const& token) { return text.substr(at).starts_with(token.first); });
    if (found == tables_->added.end()) {
      ++at;
      continue;
    }
    words(text.substr(begin, at - begin));
    ids.push_back(found->second);
    begin = at += found->first.size();
  }
  words(text.substr(begin));
  ids.insert(ids.end(), tables_->after.begin(), tables_->after.end());
  return ids;
}

bool tokenizer::contains(index_t id) const { return tables_->bytes.contains(id); }

std::string tokenizer::decode(index_t id) const {
  auto const found = tables_->bytes.find(id);
  if (found == tables_->bytes.end()) throw_invalid("id", std::to_string(id), "the id of a token");
  return found->second;
}

}  // namespace ssmscan::ssm
