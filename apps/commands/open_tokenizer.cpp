#include "apps/commands/open_tokenizer.h"

#include <vector>

#include "core/error.h"
#include "tokenizers/byte_bpe_tokenizer.h"
#include "tokenizers/marian_tokenizer.h"
#include "tokenizers/sentencepiece_tokenizer.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

/// The one SentencePiece file of a folder.
fs::path lone_model(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".spm" || entry.path().extension() == ".model") found.push_back(entry.path());
  if (found.size() == 1) return found.front();
  throw UserError(folder.string() + " holds " + (found.empty() ? "no" : std::to_string(found.size())) +
                      " SentencePiece models; expected source.spm, target.spm and vocab.json, one .spm or .model file, BERT's vocab.txt, "
                      "or GPT-2's vocab.json and merges.txt",
                  "make one with 'attend tokenizer train', or name the file");
}

}  // namespace

OpenTokenizer open_tokenizer(const fs::path& path, std::optional<Side> side, Side usual_side) {
  if (!fs::exists(path)) throw UserError("--tokenizer " + path.string() + ": there is no such file or folder");
  if (fs::is_directory(path) && MarianTokenizer::present_in(path)) {
    const auto marian = std::make_shared<const MarianTokenizer>(path);
    const Tokenizer& tokenizer = side.value_or(usual_side) == Side::kSource ? marian->source() : marian->target();
    return {.tokenizer = {marian, &tokenizer}, .eos = static_cast<std::int32_t>(marian->eos_id()), .eos_piece = marian->eos_piece()};
  }
  if (side)
    throw UserError("--side " + std::string(enum_name(*side)) + " has no effect: " + path.string() + " has one side only",
                    "leave --side out");
  if (fs::is_directory(path) && WordPieceTokenizer::present_in(path)) {
    const auto wordpiece = std::make_shared<const WordPieceTokenizer>(path);
    return {.tokenizer = wordpiece, .wordpiece = wordpiece};
  }
  if (fs::is_directory(path) && ByteBpeTokenizer::present_in(path)) {
    const auto byte_bpe = std::make_shared<const ByteBpeTokenizer>(path);
    OpenTokenizer open{.tokenizer = byte_bpe, .bos = byte_bpe->begin_of_text_id()};
    if (open.bos) open.bos_piece = byte_bpe->bytes(*open.bos);
    return open;
  }
  return {.tokenizer = std::make_shared<const SentencePieceTokenizer>(fs::is_directory(path) ? lone_model(path) : path)};
}

}  // namespace attend
