#include "data/demo/documents.h"

#include <array>
#include <map>
#include <unordered_set>

#include "core/atomic_file.h"
#include "core/random.h"
#include "data/demo/draw.h"
#include "data/demo/realise.h"

namespace attend::demo {
namespace {

constexpr std::uint64_t kShortest = 4, kLongest = 8;  // sentences of a document

void add_noun(std::vector<const Noun*>& found, const NounPhrase& phrase);

// In the order of the clause's parts; relative clauses after the noun they belong to.
void add_nouns(std::vector<const Noun*>& found, const Clause& clause) {
  if (clause.gap != Gap::kSubject) add_noun(found, clause.subject);
  if (clause.direct_object) add_noun(found, *clause.direct_object);
  if (clause.indirect_object) add_noun(found, *clause.indirect_object);
  if (clause.place) add_noun(found, clause.place->where);
}

void add_noun(std::vector<const Noun*>& found, const NounPhrase& phrase) {
  if (phrase.pronoun || phrase.noun == nullptr) return;
  found.push_back(phrase.noun);
  if (phrase.relative) add_nouns(found, *phrase.relative);
}

std::vector<const Noun*> nouns_of(const Sentence& sentence) {
  std::vector<const Noun*> found;
  add_nouns(found, sentence.main);
  if (sentence.second) add_nouns(found, *sentence.second);
  return found;
}

constexpr std::array kLabels{std::pair{kind::kPerson, "person"}, std::pair{kind::kAnimal, "animal"}, std::pair{kind::kFood, "food"},
                             std::pair{kind::kPlace, "place"}, std::pair{kind::kThing | kind::kReadable, "thing"}};

std::string label_of(const Noun& noun) {
  for (const auto& [kinds, label] : kLabels)
    if ((noun.kinds & kinds) != 0) return label;
  return "thing";
}

// Every third noun of each label.
bool is_test_noun(const Noun& noun) {
  std::size_t place = 0;
  for (const Noun& other : nouns()) {
    if (&other == &noun) break;
    place += label_of(other) == label_of(noun);
  }
  return place % 3 == 2;
}

}  // namespace

Documents make_documents(const DocumentSizes& sizes, std::uint64_t seed) {
  Documents documents;
  std::unordered_set<std::string> seen;
  std::map<const Noun*, Document> growing;
  for (std::uint64_t index = 0; documents.train.size() < sizes.train || documents.valid.size() < sizes.valid; ++index) {
    RandomStream random(seed, "demo documents", {index});
    const Sentence sentence = draw_sentence(random);
    const auto mentioned = nouns_of(sentence);
    std::string english = in_english(sentence);
    if (mentioned.empty() || !seen.insert(english).second) continue;
    Document& document = growing[mentioned.front()];
    document.push_back(std::move(english));
    if (document.size() < kShortest + random.below(kLongest - kShortest + 1)) continue;
    auto& finished = documents.valid.size() < sizes.valid ? documents.valid : documents.train;
    finished.push_back(std::exchange(document, {}));
  }
  return documents;
}

LabelledSentences make_labelled(const LabelledSizes& sizes, std::uint64_t seed) {
  LabelledSentences labelled;
  std::unordered_set<std::string> seen;
  std::map<std::string, std::size_t> num_train, num_test;
  for (std::uint64_t index = 0; labelled.train.size() < sizes.train || labelled.test.size() < sizes.test; ++index) {
    RandomStream random(seed, "demo labelled sentences", {index});
    const Sentence sentence = draw_sentence(random);
    const auto mentioned = nouns_of(sentence);
    if (mentioned.size() != 1) continue;
    const bool is_test = is_test_noun(*mentioned.front());
    LabelledSentence example{in_english(sentence), label_of(*mentioned.front())};
    const std::size_t size = is_test ? sizes.test : sizes.train;
    auto& examples = is_test ? labelled.test : labelled.train;
    std::size_t& count = (is_test ? num_test : num_train)[example.label];
    if (examples.size() == size || count >= (size + kLabels.size() - 1) / kLabels.size() || !seen.insert(example.sentence).second) continue;
    ++count;
    examples.push_back(std::move(example));
  }
  return labelled;
}

void write_documents(const Documents& documents, const std::filesystem::path& folder) {
  const auto write = [&](const char* name, const std::vector<Document>& part) {
    std::string text;
    for (const Document& document : part) {
      if (!text.empty()) text += '\n';
      for (const std::string& sentence : document) text += sentence + '\n';
    }
    write_file_atomically(folder / name, text);
  };
  write("bert.train.txt", documents.train);
  write("bert.valid.txt", documents.valid);
}

void write_labelled(const LabelledSentences& sentences, const std::filesystem::path& folder) {
  const auto write = [&](const char* name, const std::vector<LabelledSentence>& part) {
    std::string table = "sentence\tkind\n";
    for (const LabelledSentence& example : part) table += example.sentence + '\t' + example.label + '\n';
    write_file_atomically(folder / name, table);
  };
  write("kind.train.tsv", sentences.train);
  write("kind.test.tsv", sentences.test);
}

}  // namespace attend::demo
