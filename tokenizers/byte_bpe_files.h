// The files of a byte-level BPE tokenizer's folder, read into one description and written from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/byte_pair_merger.h"

namespace attend {

inline constexpr const char* kEndOfText = "<|endoftext|>";  ///< GPT-2's

/// All that decides how a text becomes ids and ids a text. The defaults are GPT-2's.
struct ByteBpeFiles {
  std::vector<std::string> pieces;  ///< the model's vocabulary by id, in letters of the byte alphabet; "" for an id that it leaves out
  std::vector<PairMerge> merges;    ///< ids of `pieces`, the first to be followed first
  std::vector<AddedToken> added;    ///< cut out of a text before it is split; ids of `pieces`, or new ones after them
  std::optional<std::string> bos, eos, unk, pad;  ///< special tokens by their tasks; GPT-2 has one for the first three
  Json further_special = Json::object();          ///< settings of other special tokens, as they were read
  std::optional<std::string> byte_unk;            ///< what a byte that the vocabulary lacks becomes (tokenizer.json's model)
  bool fuse_unk = false;                          ///< several such bytes of a word become one
  bool add_prefix_space = false;                  ///< a text that does not begin with a space gets one
  bool adds_bos = false;                          ///< the model's template puts `bos` before a text
  std::int64_t max_length = 0;                    ///< model_max_length; 0 where it says nothing usable
  std::optional<std::string> tokenizer_json;      ///< as it was read
};

/// Reads tokenizer.json, or vocab.json with merges.txt where there is none, and tokenizer_config.json beside either. Throws UserError for
/// what is missing, malformed, or asks for what ByteBpeTokenizer does not do.
ByteBpeFiles read_byte_bpe_files(const std::filesystem::path& folder);

/// Writes vocab.json, merges.txt, tokenizer_config.json and, where it was read from one, tokenizer.json. The folder is made where absent.
void write_byte_bpe_files(const ByteBpeFiles& files, const std::filesystem::path& folder);

}  // namespace attend
