#include "data/document_corpus.h"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/system_call.h"
#include "core/text.h"
#include "data/prefetch.h"
#include "data/sentence_split.h"
#include "data/text_preparation.h"
#include "tokenizers/unknown_tokens.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr std::size_t kBlockLines = 4096;      // read and tokenised together,
constexpr std::size_t kBlockBytes = 4u << 20;  // or fewer, where lines are long
constexpr std::size_t kBlocksAhead = 2;
constexpr std::uint64_t kFewSplit = 20;  // one paragraph in so many: fewer are nearly none

std::string cache_key(const DocumentText& text, const std::string& fingerprint) {
  std::string description = "document corpus 2\n";
  for (const fs::path& file : text.files) description += file_state(file);
  description += text.line_holds == LineHolds::kParagraph ? "paragraphs\n" : "sentences\n";
  return prepared_key(description + fingerprint);
}

/// The number of lines. One pass over all files finds what is wrong with them before hours of tokenising do.
std::uint64_t check_text(const DocumentText& text) {
  std::uint64_t lines = 0;
  for (const fs::path& file : text.files) {
    const LineCounts counts = check_lines(file);
    if (counts.blank == counts.lines)
      throw UserError(file.string() +
                      " holds nothing but blank lines; expected text, one sentence a line and a blank line between documents");
    lines += counts.lines;
  }
  return lines;
}

struct LineBlock {
  std::vector<std::string> lines;  // a blank one ends a document
  std::uint64_t lines_read = 0;    // in all blocks so far
  bool is_last = false;
};

/// Reads the files one after the other, a block at a time.
class BlockReader {
 public:
  explicit BlockReader(std::vector<fs::path> files) : files_(std::move(files)) {}

  LineBlock next() {
    LineBlock block;
    std::string line;
    for (std::size_t bytes = 0; block.lines.size() < kBlockLines && bytes < kBlockBytes;) {
      if (!reader_) {
        if (next_file_ == files_.size()) {
          block.is_last = true;
          break;
        }
        reader_.emplace(files_[next_file_++]);
      }
      if (reader_->next(line)) {
        ++lines_read_;
        bytes += line.size();
      } else {
        reader_.reset();
        line.clear();  // the end of a file ends a document
      }
      block.lines.push_back(std::move(line));
    }
    block.lines_read = lines_read_;
    return block;
  }

 private:
  std::vector<fs::path> files_;
  std::size_t next_file_ = 0;
  std::optional<LineReader> reader_;
  std::uint64_t lines_read_ = 0;
};

/// The ids of a line's sentences.
using LineIds = std::vector<std::vector<std::int32_t>>;

std::vector<LineIds> encode_block(const LineBlock& block, const Tokenizer& tokenizer, LineHolds line_holds) {
  std::vector<LineIds> ids(block.lines.size());
  on_all_processors(block.lines.size(), [&](std::size_t i) {
    const std::string& line = block.lines[i];
    if (is_blank(line)) return;
    if (line_holds == LineHolds::kSentence)
      ids[i].push_back(tokenizer.encode(line));
    else
      for (const std::string_view sentence : split_sentences(line)) ids[i].push_back(tokenizer.encode(sentence));
  });
  return ids;
}

/// Writes sentences, and where documents end.
class CorpusWriter {
 public:
  CorpusWriter(const PreparedFiles& files, const TokenFileInfo& info) : tokens_(files.first, info), documents_(files.second, info.key) {}

  void append(const LineIds& line, std::optional<std::int32_t> unknown_id) {
    if (line.empty()) end_document();
    num_lines_ += !line.empty();
    num_split_ += line.size() > 1;
    for (const auto& ids : line) {
      unknown_.add(ids, unknown_id);
      if (ids.empty()) {
        ++num_dropped_;
        continue;
      }
      tokens_.append(ids);
      ++sentences_of_document_;
      ++num_sentences_;
    }
  }

  void commit() {
    end_document();
    tokens_.commit();
    documents_.commit();
  }

  std::uint64_t num_sentences() const { return num_sentences_; }
  std::uint64_t num_dropped() const { return num_dropped_; }
  std::uint64_t num_lines() const { return num_lines_; }  ///< that are not blank
  std::uint64_t num_split() const { return num_split_; }  ///< of several sentences
  const UnknownShare& unknown() const { return unknown_; }

 private:
  void end_document() {
    if (sentences_of_document_ > 0) documents_.append(sentences_of_document_);
    sentences_of_document_ = 0;
  }

  TokenFileWriter tokens_;
  DocumentIndexWriter documents_;
  std::uint64_t sentences_of_document_ = 0, num_sentences_ = 0, num_dropped_ = 0, num_lines_ = 0, num_split_ = 0;
  UnknownShare unknown_;
};

std::string names_of(const std::vector<fs::path>& files) {
  const std::string first = files.front().string();
  return files.size() == 1 ? first : first + " and " + std::to_string(files.size() - 1) + " more";
}

/// What the user should know of a text that was read without an error.
void tell_findings(const CorpusWriter& writer, const DocumentText& text, const std::string& names) {
  if (writer.num_dropped() > 0) log_warning(names + ": left out " + std::to_string(writer.num_dropped()) + " sentences without a token");
  if (text.line_holds == LineHolds::kParagraph && writer.num_split() * kFewSplit < writer.num_lines())
    log_warning(names + ": --split-sentences found more than one sentence in " +
                (writer.num_split() == 0 ? "none" : std::to_string(writer.num_split())) + " of " + std::to_string(writer.num_lines()) +
                " lines. A sentence ends at . ! ? before a capital, a digit or a letter without case, or at a mark such as 。 or ।; if "
                "a line is a sentence already, leave --split-sentences out, else split the text with another tool, a sentence a line");
  tell_unknown(writer.unknown(), names,
               "is the tokenizer made for this text? One that is learnt from it has more of its characters with a larger --limit-alphabet");
}

void tokenize(const DocumentText& text, const Tokenizer& tokenizer, const PreparedFiles& files, const std::string& key) {
  const std::uint64_t num_lines = check_text(text);
  make_folders(files.first.parent_path());
  CorpusWriter writer(files, {tokenizer.vocab_size(), key});
  std::optional<Progress> progress;
  if (num_lines >= kLinesWithProgress) progress.emplace("tokenising " + text.files.front().filename().string(), num_lines, "lines");

  Prefetch<LineBlock> blocks(kBlocksAhead, [reader = std::make_shared<BlockReader>(text.files)] { return reader->next(); });
  for (bool more = true; more;) {
    const LineBlock block = blocks.next();
    for (const LineIds& line : encode_block(block, tokenizer, text.line_holds)) writer.append(line, tokenizer.unknown_id());
    if (progress) progress->update(block.lines_read, {});
    more = !block.is_last;
  }
  if (progress) progress->finish();
  const std::string names = names_of(text.files);
  if (writer.num_sentences() == 0) throw UserError(names + ": no sentence has a token", "is the tokenizer made for this language?");
  tell_findings(writer, text, names);
  writer.commit();
}

}  // namespace

DocumentCorpus::DocumentCorpus(const fs::path& tokens, const fs::path& documents) : sentences_(tokens), documents_(documents) {
  if (sentences_.size() != documents_.num_sentences())
    throw UserError(tokens.string() + " holds " + std::to_string(sentences_.size()) + " sentences, " + documents.string() + " tells of " +
                        std::to_string(documents_.num_sentences()) + "; expected as many",
                    "delete both; they are made again from the text");
}

std::shared_ptr<const DocumentCorpus> prepare_documents(const DocumentText& text, const CorpusTokenizer& tokenizer,
                                                        const fs::path& cache_folder) {
  if (text.files.empty()) throw UserError("no text was named; expected a file or several");
  const std::string key = cache_key(text, tokenizer.fingerprint);
  const PreparedFiles files{cache_folder / (key.substr(0, 16) + ".sentences.tokens"), cache_folder / (key.substr(0, 16) + ".documents")};
  if (auto corpus = open_prepared<DocumentCorpus>(key, files.first, files.second)) return corpus;
  tokenize(text, tokenizer.tokenizer, files, key);
  return std::make_shared<const DocumentCorpus>(files.first, files.second);
}

}  // namespace attend
