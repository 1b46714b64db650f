#include "tokenizers/sentencepiece_trainer.h"

#include <sentencepiece_trainer.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/system_call.h"
#include "core/text.h"
#include "core/text_source.h"
#include "tokenizers/sentencepiece_tokenizer.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr std::uint64_t kTrainingTextBytes = 128u << 20;  // the unigram model's suffix array takes some 20 bytes a character
constexpr std::size_t kTrainingLineBytes = 4000;          // the library leaves out lines over 4,192 bytes
constexpr std::size_t kLanguageCodes = 1000;
constexpr std::array<std::string_view, 3> kSpecialTokens{"</s>", "<unk>", "<pad>"};

using Codes = std::set<std::string, std::less<>>;

/// Length of the `>>xx<<` that a line begins with; 0 where it begins otherwise.
std::size_t language_code_length(std::string_view line) {
  if (!line.starts_with(">>")) return 0;
  const std::size_t end = line.find("<<");  // npos is more than 32, too
  if (end > 32 || line.substr(0, end).find(' ') != std::string_view::npos) return 0;
  return end + 2;
}

/// "de" and ">>de<<" as ">>de<<".
Codes named_codes(const std::vector<std::string>& names) {
  Codes codes;
  for (const std::string& name : names) {
    std::string code = name.starts_with(">>") ? name : ">>" + name + "<<";
    if (language_code_length(code) != code.size() || code.size() < 5)
      throw UserError("--language-codes has '" + excerpt(name) + "'; expected a code such as de or >>de<<");
    codes.insert(std::move(code));
  }
  return codes;
}

/// The size of a text, and the `>>xx<<` codes its lines begin with.
struct TextSurvey {
  std::uint64_t bytes = 0, lines = 0;
  Codes codes;
};

/// What lines of one file begin with.
class CodeSurvey {
 public:
  explicit CodeSurvey(const Codes& named) : named_(named) {}

  void look_at(std::string_view line, std::uint64_t number) {
    ++num_lines_;
    const std::string_view code = line.substr(0, language_code_length(line));
    if (code.empty() || named_.contains(code)) return;
    if (num_coded_++ == 0) first_ = {std::string(code), number};
    if (found_.size() <= kLanguageCodes) found_.emplace(code);
  }

  /// Adds the file's codes: where some are named those are all there are; else what half of the lines begin with is a code, and what
  /// fewer do is text that looks like one, which is told.
  void add_to(Codes& codes, const std::string& file) const {
    if (num_coded_ == 0) return;
    if (named_.empty() && 2 * num_coded_ >= num_lines_) {
      if (found_.size() > kLanguageCodes)
        throw UserError(file + ": over " + std::to_string(kLanguageCodes) + " different '>>xx<<' language codes at the starts of lines");
      codes.insert(found_.begin(), found_.end());
      return;
    }
    log_warning(file + ", line " + std::to_string(first_.second) + ": '" + excerpt(first_.first) + "' looks like a language code; " +
                std::to_string(num_coded_) + " of " + std::to_string(num_lines_) + " lines begin with such a one. " +
                (named_.empty() ? "They are too few to be codes" : "They are not named by --language-codes") +
                " and are learnt as text (--language-codes names codes)");
  }

 private:
  const Codes& named_;
  std::uint64_t num_lines_ = 0, num_coded_ = 0;
  std::pair<std::string, std::uint64_t> first_;
  Codes found_;
};

/// Reads every line once: all that can be wrong with a text is found before anything is learnt.
TextSurvey survey(const std::vector<fs::path>& files, const Codes& named) {
  TextSurvey result{.codes = named};
  for (const fs::path& file : files) {
    require_readable_again(file, "learning a vocabulary");
    LineReader reader(file);
    CodeSurvey codes(named);
    std::uint64_t filled_lines = 0;
    for (std::string line; reader.next(line);) {
      if (!is_valid_utf8(line)) throw not_utf8(file.string(), reader.line_number());
      if (line.empty()) continue;
      ++filled_lines;
      result.bytes += line.size();
      codes.look_at(line, reader.line_number());
    }
    if (filled_lines == 0) throw UserError(file.string() + " is empty; expected text, one sentence a line");
    codes.add_to(result.codes, file.string());
    result.lines += filled_lines;
  }
  return result;
}

/// Gives the library the text in the segments in which the tokenizer will meet it: without language codes and spelled
/// special tokens, long lines cut at spaces. Of a text that is too large, lines evenly spread.
class TrainingText : public sentencepiece::SentenceIterator {
 public:
  TrainingText(const std::vector<fs::path>& files, const TextSurvey& survey)
      : files_(files), codes_(survey.codes), lines_(survey.lines), taken_lines_(survey.lines) {
    if (survey.bytes > kTrainingTextBytes)
      taken_lines_ = std::max<std::uint64_t>(
          1, static_cast<std::uint64_t>(static_cast<double>(survey.lines) * kTrainingTextBytes / static_cast<double>(survey.bytes)));
    Next();
  }

  bool done() const override { return done_; }
  const std::string& value() const override { return segments_.back(); }
  sentencepiece::util::Status status() const override { return {}; }

  void Next() override {
    if (!segments_.empty()) segments_.pop_back();
    for (std::string line; segments_.empty() && !done_;)
      if (next_line(line))
        cut(without_code(line));
      else
        done_ = true;
  }

  std::uint64_t taken_lines() const { return taken_lines_; }

 private:
  bool next_line(std::string& line) {
    while (true) {
      if (!reader_) {
        if (file_ == files_.size()) return false;
        reader_ = std::make_unique<LineReader>(files_[file_++]);
      }
      if (!reader_->next(line)) {
        reader_.reset();
        continue;
      }
      if (line.empty()) continue;
      // Line i of n is taken where floor(i m / n) steps: m of them, evenly spread.
      share_ += taken_lines_;
      if (share_ < lines_) continue;
      share_ -= lines_;
      return true;
    }
  }

  std::string_view without_code(std::string_view line) const {
    const std::string_view code = line.substr(0, language_code_length(line));
    return codes_.contains(code) ? line.substr(code.size()) : line;
  }

  void cut(std::string_view line) {
    std::size_t begin = 0;
    while (begin < line.size()) {
      std::size_t end = line.size(), skip = 0;
      for (const std::string_view token : kSpecialTokens)
        if (const std::size_t at = line.find(token, begin); at < end) end = at, skip = token.size();
      if (end - begin > kTrainingLineBytes) {
        end = line.rfind(' ', begin + kTrainingLineBytes);
        if (end == std::string_view::npos || end <= begin) {
          end = begin + kTrainingLineBytes;
          while ((static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;  // not within a code point
        }
        skip = 0;
      }
      if (end > begin) segments_.emplace_back(line.substr(begin, end - begin));
      begin = end + skip;
    }
    std::reverse(segments_.begin(), segments_.end());  // they are taken from the back
  }

  const std::vector<fs::path>& files_;
  const Codes& codes_;
  std::size_t file_ = 0;
  std::unique_ptr<LineReader> reader_;
  std::uint64_t lines_, taken_lines_, share_ = 0;
  std::vector<std::string> segments_;
  bool done_ = false;
};

/// The library's sentence about what it refuses, without its source file and condition.
std::string explanation(const std::string& message) {
  const std::size_t condition = message.rfind("] ");
  return condition == std::string::npos ? message : message.substr(condition + 2);
}

std::string learn(const std::vector<fs::path>& files, const VocabularyConfig& vocabulary, std::int64_t num_pieces, const TextSurvey& text) {
  // Everything that decides the result is set here: the seed, and the number of threads, whose sums are rounded apart.
  const std::unordered_map<std::string, std::string> settings{{"model_type", std::string(enum_name(vocabulary.model))},
                                                              {"vocab_size", std::to_string(num_pieces)},
                                                              {"character_coverage", std::to_string(vocabulary.character_coverage)},
                                                              {"eos_id", "0"},
                                                              {"unk_id", "1"},
                                                              {"bos_id", "-1"},
                                                              {"pad_id", "-1"},
                                                              {"hard_vocab_limit", "false"},
                                                              {"byte_fallback", "false"},
                                                              {"num_threads", "4"},
                                                              {"minloglevel", "4"}};
  sentencepiece::SetRandomGeneratorSeed(1);
  TrainingText lines(files, text);
  log_info("learning " + std::to_string(num_pieces) + " pieces (" + std::string(enum_name(vocabulary.model)) + ") from " +
           (lines.taken_lines() < text.lines ? std::to_string(lines.taken_lines()) + " of " : "") + std::to_string(text.lines) + " lines");
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(settings, &lines, &model);
  if (!status.ok())
    throw UserError("SentencePiece cannot learn " + std::to_string(num_pieces) + " pieces from " + files.front().string() +
                        (files.size() > 1 ? " and others" : "") + ": " + explanation(status.error_message()),
                    "change --vocab-size, or give more text");
  return model;
}

std::vector<std::string> pieces_of(const fs::path& path) {
  const SentencePieceModel model(path);
  std::vector<std::string> pieces;
  for (std::int32_t id = 0; id < model.size(); ++id) pieces.push_back(model.piece_of(id));
  return pieces;
}

void write_settings(const MarianTokenizerTraining& training, const fs::path& folder) {
  const auto language = [](const std::string& name) { return name.empty() ? Json(nullptr) : Json(name); };
  write_json_file(folder / "tokenizer_config.json", Json{{"tokenizer_class", "MarianTokenizer"},
                                                         {"model_max_length", 512},
                                                         {"eos_token", "</s>"},
                                                         {"unk_token", "<unk>"},
                                                         {"pad_token", "<pad>"},
                                                         {"separate_vocabs", false},
                                                         {"source_lang", language(training.source_language)},
                                                         {"target_lang", language(training.target_language)}});
}

void tell_codes(const Codes& codes) {
  constexpr std::size_t kMost = 20;
  std::string list;
  for (const std::string& code : codes)
    if (list.size() < kMost * 8) list += (list.empty() ? "" : ", ") + code;
  if (!codes.empty()) log_info(std::to_string(codes.size()) + " language codes get ids: " + excerpt(list, kMost * 8));
}

void check_request(const MarianTokenizerTraining& training) {
  const VocabularyConfig& vocabulary = training.vocabulary;
  if (vocabulary.vocab_size < 4)
    throw UserError("a vocabulary of " + std::to_string(vocabulary.vocab_size) +
                    " ids was asked for; </s>, <unk> and <pad> alone are three");
  if (!(vocabulary.character_coverage > 0 && vocabulary.character_coverage <= 1))
    throw UserError("a character coverage of " + std::to_string(vocabulary.character_coverage) +
                    " was asked for; expected a share above 0, at most 1");
  const bool joint = training.sides == Sides::kJoint;
  if (joint ? training.source_files.empty() && training.target_files.empty()
            : training.source_files.empty() || training.target_files.empty())
    throw UserError(joint ? "no text to learn a vocabulary from" : "separate vocabularies need text of both sides");
}

}  // namespace

std::int64_t train_marian_tokenizer(const MarianTokenizerTraining& training, const fs::path& folder) {
  check_request(training);
  silence_sentencepiece();
  std::vector<fs::path> source_files = training.source_files;
  const bool joint = training.sides == Sides::kJoint;
  if (joint) source_files.insert(source_files.end(), training.target_files.begin(), training.target_files.end());

  const Codes named = named_codes(training.language_codes);
  const TextSurvey source_text = survey(source_files, named);
  const TextSurvey target_text = joint ? TextSurvey{} : survey(training.target_files, named);
  Codes codes = source_text.codes;
  codes.insert(target_text.codes.begin(), target_text.codes.end());
  const std::int64_t num_pieces = training.vocabulary.vocab_size - 1 - static_cast<std::int64_t>(codes.size());
  tell_codes(codes);
  if (num_pieces < 3)
    throw UserError("the text's " + std::to_string(codes.size()) + " language codes leave no room in the vocabulary", "raise --vocab-size");

  const std::string source_model = learn(source_files, training.vocabulary, num_pieces, source_text);
  const std::string target_model = joint ? source_model : learn(training.target_files, training.vocabulary, num_pieces, target_text);
  make_folders(folder);
  write_file_atomically(folder / "source.spm", source_model);
  write_file_atomically(folder / "target.spm", target_model);

  // One vocabulary: the source's pieces by their own ids, then the target's that are new, the language codes, <pad>.
  std::vector<std::string> pieces = pieces_of(folder / "source.spm");
  const auto learnt = static_cast<std::int64_t>(pieces.size());
  if (!joint) {
    const std::unordered_set<std::string> known(pieces.begin(), pieces.end());
    for (std::string& piece : pieces_of(folder / "target.spm"))
      if (!known.contains(piece)) pieces.push_back(std::move(piece));
  }
  pieces.insert(pieces.end(), codes.begin(), codes.end());
  pieces.emplace_back("<pad>");
  Json::object_t ids;  // filled by hand: its operator[] searches from the front
  for (std::size_t id = 0; id < pieces.size(); ++id) ids.push_back({pieces[id], id});
  write_json_file(folder / "vocab.json", Json(std::move(ids)));
  write_settings(training, folder);

  const auto size = static_cast<std::int64_t>(pieces.size());
  if (learnt < num_pieces)
    log_warning("the text yields a vocabulary of " + std::to_string(learnt + training.vocabulary.vocab_size - num_pieces) + " ids; " +
                std::to_string(training.vocabulary.vocab_size) + " were asked for");
  return size;
}

}  // namespace attend
