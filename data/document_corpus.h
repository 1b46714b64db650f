// Documents of sentences, for models that learn from running text, to token files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/document_index.h"
#include "data/token_file.h"
#include "tokenizers/tokenizer.h"

namespace attend {

/// Sentences as ids and the documents they make up, memory-mapped. No special token is in them.
class DocumentCorpus {
 public:
  /// Throws UserError where the index is not that of the tokens.
  DocumentCorpus(const std::filesystem::path& tokens, const std::filesystem::path& documents);

  std::uint64_t size() const { return documents_.size(); }  ///< documents
  bool has_key(const std::string& key) const { return sentences_.key() == key && documents_.key() == key; }
  const TokenFile& sentences() const { return sentences_; }
  SentenceSpan document(std::uint64_t index) const { return documents_.span(index); }  ///< of at least one sentence

 private:
  TokenFile sentences_;
  DocumentIndex documents_;
};

enum class LineHolds { kSentence, kParagraph };

struct DocumentText {
  /// UTF-8; a blank line (empty, or Unicode's white space alone) or the end of a file ends a document.
  std::vector<std::filesystem::path> files;
  LineHolds line_holds = LineHolds::kSentence;  ///< a paragraph is cut by split_sentences()
};

struct CorpusTokenizer {
  const Tokenizer& tokenizer;
  std::string fingerprint;  ///< differs where the ids of some text would
};

/// Tokenises the texts into two files in `cache_folder` (made where absent) and maps them. Files made before from the
/// same texts (sizes and times of change, in the same order), by the same tokenizer, in the same way are taken as they
/// are. Sentences without a token are left out, and counted in a message. Constant memory; all processors.
/// Throws UserError for a file that is missing, empty or all blank, "-", and ill-formed UTF-8, with the line.
std::shared_ptr<const DocumentCorpus> prepare_documents(const DocumentText& text, const CorpusTokenizer& tokenizer,
                                                        const std::filesystem::path& cache_folder);

}  // namespace attend
