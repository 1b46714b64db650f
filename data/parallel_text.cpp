#include "data/parallel_text.h"

#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <thread>

#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/text.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr std::size_t kBlockPairs = 4096;  // read and tokenised together
constexpr std::uint64_t kPairsWithProgress = 100'000;

struct SidePaths {
  fs::path source, target;
};

/// A text file by what shows that it has changed.
std::string file_state(const fs::path& path) {
  struct stat status {};
  if (path == "-") throw UserError("the text to train on is read more than once, so it cannot be standard input", "name a file");
  if (::stat(path.c_str(), &status) != 0) throw UserError("cannot read " + path.string() + ": there is no such file");
  if (!S_ISREG(status.st_mode)) throw UserError(path.string() + " is not a file; expected text, one sentence a line");
  if (status.st_size == 0) throw UserError(path.string() + " is empty; expected text, one sentence a line");
  return std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + "\n";
}

std::string cache_key(const ParallelText& text, const MarianTokenizer& tokenizer) {
  const std::string states = "parallel text 1\n" + file_state(text.source) + file_state(text.target) + tokenizer.fingerprint();
  return sha256_hex(std::as_bytes(std::span(states)));
}

std::shared_ptr<const ParallelCorpus> open_cached(const SidePaths& paths, const std::string& key) {
  if (!fs::exists(paths.source) || !fs::exists(paths.target)) return nullptr;
  try {
    auto corpus = std::make_shared<const ParallelCorpus>(paths.source, paths.target);
    if (corpus->source().key() == key && corpus->target().key() == key) return corpus;
  } catch (const UserError& damage) {
    log_warning(std::string(damage.what()) + "; it is made again");
  }
  return nullptr;
}

std::uint64_t count_valid_lines(const fs::path& path) {
  LineReader reader(path);
  for (std::string line; reader.next(line);)
    if (!is_valid_utf8(line))
      throw UserError(path.string() + ", line " + std::to_string(reader.line_number()) + ": not valid UTF-8",
                      "convert the file, for example with iconv");
  return reader.line_number();
}

/// The number of pairs. One pass over both files finds what is wrong with them before hours of tokenising do.
std::uint64_t check_text(const ParallelText& text) {
  const std::uint64_t source = count_valid_lines(text.source), target = count_valid_lines(text.target);
  if (source != target)
    throw UserError(text.source.string() + " has " + std::to_string(source) + " lines, " + text.target.string() + " " +
                        std::to_string(target) + "; expected as many, each line the translation of the other's",
                    "align the two files line by line");
  return source;
}

struct PairBlock {
  std::vector<std::string> source, target;
  std::vector<std::vector<std::int32_t>> source_ids, target_ids;

  void clear() {
    source.clear();
    target.clear();
  }
};

/// Tokenises a block on all processors; each thread takes every n-th pair.
void encode_block(PairBlock& block, const MarianTokenizer& tokenizer) {
  const std::size_t pairs = block.source.size();
  block.source_ids.resize(pairs);
  block.target_ids.resize(pairs);
  const std::size_t num_threads = std::clamp<std::size_t>(pairs / 64, 1, std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::exception_ptr> failures(num_threads);
  const auto eos = static_cast<std::int32_t>(tokenizer.eos_id());
  const auto work = [&](std::size_t thread) {
    try {
      for (std::size_t i = thread; i < pairs; i += num_threads) {
        block.source_ids[i] = tokenizer.source().encode(block.source[i]);
        block.target_ids[i] = tokenizer.target().encode(block.target[i]);
        block.source_ids[i].push_back(eos);
        block.target_ids[i].push_back(eos);
      }
    } catch (...) {
      failures[thread] = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < num_threads; ++i) threads.emplace_back(work, i);
  work(0);
  for (std::thread& thread : threads) thread.join();
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

void tokenize(const ParallelText& text, const MarianTokenizer& tokenizer, const SidePaths& paths, const std::string& key) {
  const std::uint64_t num_pairs = check_text(text);
  fs::create_directories(paths.source.parent_path());
  TokenFileWriter source_writer(paths.source, {tokenizer.source().vocab_size(), key});
  TokenFileWriter target_writer(paths.target, {tokenizer.target().vocab_size(), key});
  std::optional<Progress> progress;
  if (num_pairs >= kPairsWithProgress) progress.emplace("tokenising " + text.source.filename().string(), num_pairs, "pairs");

  LineReader source_reader(text.source), target_reader(text.target);
  PairBlock block;
  std::uint64_t kept = 0, empty = 0;
  std::string source, target;
  for (bool more = true; more;) {
    block.clear();
    while (block.source.size() < kBlockPairs && (more = source_reader.next(source) && target_reader.next(target))) {
      if (source.empty() || target.empty()) {
        ++empty;
      } else {
        block.source.push_back(std::move(source));
        block.target.push_back(std::move(target));
      }
    }
    encode_block(block, tokenizer);
    for (std::size_t i = 0; i < block.source.size(); ++i) {
      // Spaces alone have no pieces; what is left is the end token.
      if (block.source_ids[i].size() == 1 || block.target_ids[i].size() == 1) {
        ++empty;
        continue;
      }
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
  source_writer.commit();
  target_writer.commit();
}

}  // namespace

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
  const SidePaths paths{cache_folder / (key.substr(0, 16) + ".source.tokens"), cache_folder / (key.substr(0, 16) + ".target.tokens")};
  if (auto corpus = open_cached(paths, key)) return corpus;
  tokenize(text, tokenizer, paths, key);
  return std::make_shared<const ParallelCorpus>(paths.source, paths.target);
}

}  // namespace attend
