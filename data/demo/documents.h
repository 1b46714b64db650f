// The demo's English for BERT: short texts whose sentences have their subject matter in common, and labelled sentences.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace attend::demo {

using Document = std::vector<std::string>;  ///< sentences that follow one another

struct DocumentSizes {
  std::size_t train = 6000, valid = 200;  ///< documents
};

struct Documents {
  std::vector<Document> train, valid;
};

/// Each document's sentences speak of one noun, so whether a sentence goes on with another can be told. No sentence stands twice.
/// A function of the sizes and the seed.
Documents make_documents(const DocumentSizes& sizes, std::uint64_t seed);

struct LabelledSentence {
  std::string sentence;
  std::string label;  ///< what kind of thing its only noun is: "person", "animal", "food", "place" or "thing"
};

struct LabelledSizes {
  std::size_t train = 400, test = 300;
};

struct LabelledSentences {
  std::vector<LabelledSentence> train, test;
};

/// As many of each label. A third of the nouns stand in the test sentences alone: to label these, a model has to know the nouns from
/// elsewhere. A function of the sizes and the seed.
LabelledSentences make_labelled(const LabelledSizes& sizes, std::uint64_t seed);

/// Writes bert.{train,valid}.txt, a sentence a line, a blank line between documents. Throws StorageError.
void write_documents(const Documents& documents, const std::filesystem::path& folder);
/// Writes kind.{train,test}.tsv with the header sentence<TAB>kind. Throws StorageError.
void write_labelled(const LabelledSentences& sentences, const std::filesystem::path& folder);

}  // namespace attend::demo
