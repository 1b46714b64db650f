#include "data/parallel_text.h"

#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/system_call.h"
#include "core/text.h"
#include "data/text_preparation.h"
#include "tokenizers/unknown_tokens.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr std::size_t kBlockPairs = 4096;  // read and tokenised together

std::string cache_key(const ParallelText& text, const MarianTokenizer& tokenizer) {
  return prepared_key("parallel text 1\n" + file_state(text.source) + file_state(text.target) + tokenizer.fingerprint());
}

struct PairBlock {
  std::vector<std::string> source, target;
  std::vector<std::vector<std::int32_t>> source_ids, target_ids;

  void clear() {
    source.clear();
    target.clear();
  }
};

/// Lines that begin with what looks like a language code and is none of the vocabulary's.
class UnknownCodes {
 public:
  void look_at(const Tokenizer& side, const std::string& line, const fs::path& file, std::uint64_t number) {
    const std::string_view code = unknown_language_code(side, line);
    if (code.empty()) return;
    if (num_lines_++ == 0) first_ = file.string() + ", line " + std::to_string(number) + ": '" + excerpt(code) + "'";
  }
  void tell() const {
    if (num_lines_ > 0)
      log_warning(first_ + " is no language code of the vocabulary and becomes one unknown token; so it is with " +
                  std::to_string(num_lines_) + (num_lines_ == 1 ? " line" : " lines") +
                  " in all. Text that begins so is read as text with a blank in front; codes are named where the vocabulary is learnt "
                  "(--language-codes)");
  }

 private:
  std::string first_;
  std::uint64_t num_lines_ = 0;
};

/// Tokenises a block on all processors.
void encode_block(PairBlock& block, const MarianTokenizer& tokenizer) {
  const std::size_t pairs = block.source.size();
  block.source_ids.resize(pairs);
  block.target_ids.resize(pairs);
  const auto eos = static_cast<std::int32_t>(tokenizer.eos_id());
  on_all_processors(pairs, [&](std::size_t i) {
    block.source_ids[i] = tokenizer.source().encode(block.source[i]);
    block.target_ids[i] = tokenizer.target().encode(block.target[i]);
    block.source_ids[i].push_back(eos);
    block.target_ids[i].push_back(eos);
  });
}

void tokenize(const ParallelText& text, const MarianTokenizer& tokenizer, const PreparedFiles& files, const std::string& key) {
  const std::uint64_t num_pairs = check_parallel(text);
  make_folders(files.first.parent_path());
  TokenFileWriter source_writer(files.first, {tokenizer.source().vocab_size(), key});
  TokenFileWriter target_writer(files.second, {tokenizer.target().vocab_size(), key});
  std::optional<Progress> progress;
  if (num_pairs >= kLinesWithProgress) progress.emplace("tokenising " + text.source.filename().string(), num_pairs, "pairs");

  LineReader source_reader(text.source), target_reader(text.target);
  PairBlock block;
  std::uint64_t kept = 0, empty = 0;
  UnknownCodes codes;
  UnknownShare source_unknown, target_unknown;
  std::string source, target;
  for (bool more = true; more;) {
    block.clear();
    while (block.source.size() < kBlockPairs && (more = source_reader.next(source) && target_reader.next(target))) {
      if (source.empty() || target.empty()) {
        ++empty;
      } else {
        codes.look_at(tokenizer.source(), source, text.source, source_reader.line_number());
        codes.look_at(tokenizer.target(), target, text.target, target_reader.line_number());
        block.source.push_back(std::exchange(source, {}));
        block.target.push_back(std::exchange(target, {}));
      }
    }
    encode_block(block, tokenizer);
    for (std::size_t i = 0; i < block.source.size(); ++i) {
      // Spaces alone have no pieces; what is left is the end token.
      if (block.source_ids[i].size() == 1 || block.target_ids[i].size() == 1) {
        ++empty;
        continue;
      }
      source_unknown.add(block.source_ids[i], tokenizer.source().unknown_id());
      target_unknown.add(block.target_ids[i], tokenizer.target().unknown_id());
      source_writer.append(block.source_ids[i]);
      target_writer.append(block.target_ids[i]);
      ++kept;
    }
    if (progress) progress->update(source_reader.line_number(), {});
  }
  if (progress) progress->finish();
  const std::string names = text.source.string() + " and " + text.target.string();
  if (kept == 0) throw UserError(names + " hold no pair with text on both sides");
  if (empty > 0) log_warning(names + ": left out " + std::to_string(empty) + " pairs with an empty side");
  codes.tell();
  for (const auto& [share, file] : {std::pair{&source_unknown, &text.source}, std::pair{&target_unknown, &text.target}})
    tell_unknown(*share, file->string(), "is the tokenizer made for this language?");
  source_writer.commit();
  target_writer.commit();
}

}  // namespace

std::uint64_t check_parallel(const ParallelText& text) {
  for (const fs::path& file : {text.source, text.target}) file_state(file);
  const std::uint64_t source = check_lines(text.source).lines, target = check_lines(text.target).lines;
  if (source != target)
    throw UserError(text.source.string() + " has " + std::to_string(source) + " lines, " + text.target.string() + " " +
                        std::to_string(target) + "; expected as many, each line the translation of the other's",
                    "align the two files line by line");
  return source;
}

ParallelCorpus::ParallelCorpus(const fs::path& source_tokens, const fs::path& target_tokens)
    : source_(source_tokens), target_(target_tokens) {
  if (source_.size() != target_.size())
    throw UserError(source_tokens.string() + " holds " + std::to_string(source_.size()) + " sentences, " + target_tokens.string() + " " +
                        std::to_string(target_.size()) + "; expected as many",
                    "delete both; they are made again from the text");
}

std::vector<std::int64_t> ParallelCorpus::source(std::uint64_t pair) const {
  std::vector<std::int64_t> ids;
  source_.append_to(ids, pair);
  return ids;
}

std::vector<std::int64_t> ParallelCorpus::target(std::uint64_t pair) const {
  std::vector<std::int64_t> ids;
  target_.append_to(ids, pair);
  return ids;
}

std::shared_ptr<const ParallelCorpus> prepare_parallel(const ParallelText& text, const MarianTokenizer& tokenizer,
                                                       const fs::path& cache_folder) {
  const std::string key = cache_key(text, tokenizer);
  const PreparedFiles files{cache_folder / (key.substr(0, 16) + ".source.tokens"), cache_folder / (key.substr(0, 16) + ".target.tokens")};
  if (auto corpus = open_prepared<ParallelCorpus>(key, files.first, files.second)) return corpus;
  tokenize(text, tokenizer, files, key);
  return std::make_shared<const ParallelCorpus>(files.first, files.second);
}

}  // namespace attend
