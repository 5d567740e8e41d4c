#pragma once
// Text to ids and back by a byte-level BPE (Sennrich, Haddow & Birch 2016; Radford et al. 2019), as tokenizer.json of GPT-2
// and GPT-NeoX describes it: added tokens are cut out of the text first; what is between is cut into words by GPT-2's
// pattern; each word begins as its bytes, and the pair that was merged first in training is joined, until none is left. Last come
// the tokens that the file puts around every text (an end of text before it, say).
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

class tokenizer {
 public:
  // Strict JSON. std::invalid_argument for another model than BPE, a pre-tokenizer other than ByteLevel by its pattern
  // without a space before, a normalizer other than none or NFC, a post-processor other than ByteLevel or a template of tokens around the text,
  // merges that name no token, two tokens of one id.
  SSMSCAN_SSM_EXPORT static tokenizer load(std::filesystem::path const& path);
  SSMSCAN_SSM_EXPORT tokenizer(tokenizer&&) noexcept;
  SSMSCAN_SSM_EXPORT tokenizer& operator=(tokenizer&&) noexcept;
  SSMSCAN_SSM_EXPORT ~tokenizer();

  // std::invalid_argument for text that is not UTF-8, or that NFC might change where the file asks for it (combining
  // characters: normalise it first). Time: the words' lengths squared, at worst.
  SSMSCAN_SSM_EXPORT std::vector<index_t> encode(std::string_view text) const;
  // Whether an id is a token's: models often have some more than their tokenizers.
  SSMSCAN_SSM_EXPORT bool contains(index_t id) const;
  // The bytes of one id: ids one after another may share a character. std::invalid_argument for an id that is no token's.
  SSMSCAN_SSM_EXPORT std::string decode(index_t id) const;

 private:
  struct tables;
  explicit tokenizer(std::unique_ptr<tables> made);
  std::unique_ptr<tables> tables_;
};

}  // namespace ssmscan::ssm
