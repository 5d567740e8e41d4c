#pragma once
// Text to ids and back by a byte-level BPE (Sennrich, Haddow & Birch 2016; Radford et al. 2019), as tokenizer.json of GPT-2
// and GPT-NeoX describes it: added tokens are cut out of the text first; what is between is cut into words by GPT-2's
// pattern; each word begins as its bytes, and the pair that was merged first in training is joined, until none is left.
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
  // without a space before, a normalizer other than none or NFC, merges that name no token, two tokens of one id.
  SSMSCAN_SSM_EXPORT static tokenizer load(std::filesystem::path const& path);
  SSMSCAN_SSM_EXPORT tokenizer(tokenizer&&) noexcept;
  SSMSCAN_SSM_EXPORT tokenizer& operator=(tokenizer&&) noexcept;
  SSMSCAN_SSM_EXPORT ~tokenizer();

  // std::invalid_argument for text that is not UTF-8, or that NFC might change where the file asks for it (combining
  // characters: normalise it first). Time: the words' lengths squared, at worst.
  SSMSCAN_SSM_EXPORT std::vector<index_t> encode(std::string_view text) const;
  // The bytes of one id: ids one after another may share a character. std::invalid_argument for an id that is no token's.
  SSMSCAN_SSM_EXPORT std::string decode(index_t id) const;

 private:
  struct tables;
  explicit tokenizer(std::unique_ptr<tables> made);
  std::unique_ptr<tables> tables_;
};

}  // namespace ssmscan::ssm
