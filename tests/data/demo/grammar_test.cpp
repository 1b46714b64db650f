// Sentences whose translation was written by hand, and the promise that no test sentence is trained on.
#include <cstring>
#include <set>

#include <catch2/catch.hpp>

#include "data/demo/corpus.h"
#include "data/demo/draw.h"
#include "data/demo/realise.h"
#include "tests/support/temp_folder.h"

using namespace attend;
using namespace attend::demo;

namespace {

template <class Item>
const Item* find(std::span<const Item> items, const char* english, const char* german = nullptr) {
  for (const Item& item : items) {
    if (std::strcmp(item.english, english) != 0) continue;
    if constexpr (requires { item.german; })
      if (german != nullptr && std::strcmp(item.german, german) != 0) continue;
    return &item;
  }
  FAIL("no such word: " << english);
  return nullptr;
}

NounPhrase noun(const char* english, Determiner determiner = Determiner::kThe, Number number = Number::kSingular) {
  return {.noun = find(nouns(), english), .number = number, .determiner = determiner};
}

NounPhrase noun_with(const char* adjective, NounPhrase phrase) {
  phrase.adjective = find(adjectives(), adjective);
  return phrase;
}

Clause clause(NounPhrase subject, const char* verb, Tense tense = Tense::kPresent) {
  return {.subject = std::move(subject), .verb = find(verbs(), verb), .tense = tense};
}

void check(const Sentence& sentence, const std::string& english, const std::string& german) {
  CHECK(in_english(sentence) == english);
  CHECK(in_german(sentence) == german);
}

void check(const Clause& main, const std::string& english, const std::string& german) { check(Sentence{.main = main}, english, german); }

std::string accusative_after_see(NounPhrase object) {
  Clause sees = clause({.pronoun = Pronoun::kI}, "see");
  sees.direct_object = std::move(object);
  return in_german({.main = sees}).substr(std::strlen("Ich sehe "));
}

std::string dative_after_help(NounPhrase object) {
  Clause helps = clause({.pronoun = Pronoun::kI}, "help");
  helps.indirect_object = std::move(object);
  return in_german({.main = helps}).substr(std::strlen("Ich helfe "));
}

}  // namespace

TEST_CASE("the demo's determiners and adjectives agree in gender, case and number") {
  using enum Determiner;
  const auto old = [](const char* word, Determiner determiner, Number number = Number::kSingular) {
    return noun_with("old", noun(word, determiner, number));
  };
  CHECK(accusative_after_see(old("man", kThe)) == "den alten Mann.");
  CHECK(accusative_after_see(old("woman", kThe)) == "die alte Frau.");
  CHECK(accusative_after_see(old("horse", kThe)) == "das alte Pferd.");
  CHECK(accusative_after_see(old("man", kThe, Number::kPlural)) == "die alten Männer.");
  CHECK(accusative_after_see(old("man", kIndefinite)) == "einen alten Mann.");
  CHECK(accusative_after_see(old("woman", kIndefinite)) == "eine alte Frau.");
  CHECK(accusative_after_see(old("horse", kIndefinite)) == "ein altes Pferd.");
  CHECK(accusative_after_see(old("man", kIndefinite, Number::kPlural)) == "alte Männer.");
  CHECK(accusative_after_see(old("man", kMy, Number::kPlural)) == "meine alten Männer.");
  CHECK(accusative_after_see(old("man", kMany, Number::kPlural)) == "viele alte Männer.");
  CHECK(accusative_after_see(old("man", kNumeral, Number::kPlural)) == "zwei alte Männer.");
  CHECK(accusative_after_see(old("horse", kEvery)) == "jedes alte Pferd.");
  CHECK(accusative_after_see(old("woman", kThis)) == "diese alte Frau.");
  CHECK(dative_after_help(old("man", kThe)) == "dem alten Mann.");
  CHECK(dative_after_help(old("woman", kOur)) == "unserer alten Frau.");
  CHECK(dative_after_help(old("horse", kIndefinite)) == "einem alten Pferd.");
  CHECK(dative_after_help(old("man", kThe, Number::kPlural)) == "den alten Männern.");
  CHECK(dative_after_help(old("man", kNumeral, Number::kPlural)) == "zwei alten Männern.");
  CHECK(dative_after_help(old("woman", kMany, Number::kPlural)) == "vielen alten Frauen.");
}

TEST_CASE("the demo's weak nouns and stems change as they should") {
  CHECK(accusative_after_see(noun("boy")) == "den Jungen.");
  CHECK(dative_after_help(noun("lion", Determiner::kThis)) == "diesem Löwen.");
  CHECK(accusative_after_see(noun_with("expensive", noun("car"))) == "das teure Auto.");
  CHECK(accusative_after_see(noun_with("dark", noun("forest"))) == "den dunklen Wald.");
  CHECK(accusative_after_see(noun_with("tired", noun("cat"))) == "die müde Katze.");
  CHECK(accusative_after_see({.pronoun = Pronoun::kHe}) == "ihn.");
  CHECK(dative_after_help({.pronoun = Pronoun::kThey}) == "ihnen.");
}

TEST_CASE("the demo's verbs stand where each language puts them") {
  Clause reads = clause(noun("man"), "read");
  reads.direct_object = noun("book", Determiner::kIndefinite);
  check(reads, "The man reads a book.", "Der Mann liest ein Buch.");

  reads.time = find(time_adverbs(), "today");
  check(reads, "The man reads a book today.", "Der Mann liest heute ein Buch.");
  check({.main = reads, .time_first = true}, "Today the man reads a book.", "Heute liest der Mann ein Buch.");
  check({.form = Form::kWhyQuestion, .main = reads}, "Why does the man read a book today?", "Warum liest der Mann heute ein Buch?");

  reads.tense = Tense::kPast;
  check(reads, "The man read a book today.", "Der Mann hat heute ein Buch gelesen.");
  Clause opens = clause({.pronoun = Pronoun::kYou}, "open");
  opens.direct_object = noun("door");
  check(opens, "You open the door.", "Du machst die Tür auf.");
  opens.modal = Modal::kWant;
  check(opens, "You want to open the door.", "Du willst die Tür aufmachen.");
  opens.modal = Modal::kNone;
  check({.main = reads, .conjunction = Conjunction::kBecause, .second = opens}, "The man read a book today because you open the door.",
        "Der Mann hat heute ein Buch gelesen, weil du die Tür aufmachst.");
  check({.main = reads, .conjunction = Conjunction::kIf, .second = opens, .second_first = true},
        "If you open the door, the man read a book today.", "Wenn du die Tür aufmachst, hat der Mann heute ein Buch gelesen.");
  check({.main = opens, .conjunction = Conjunction::kBut, .second = reads}, "You open the door, but the man read a book today.",
        "Du machst die Tür auf, aber der Mann hat heute ein Buch gelesen.");
}

TEST_CASE("the demo denies with nicht and kein, and forbids with darf nicht") {
  Clause sees = clause({.pronoun = Pronoun::kShe}, "see");
  sees.negated = true;
  sees.direct_object = noun("dog");
  check(sees, "She does not see the dog.", "Sie sieht den Hund nicht.");
  sees.direct_object = noun_with("old", noun("dog", Determiner::kIndefinite));
  check(sees, "She does not see an old dog.", "Sie sieht keinen alten Hund.");
  sees.tense = Tense::kPast;
  sees.direct_object = NounPhrase{.pronoun = Pronoun::kWe};
  check(sees, "She did not see us.", "Sie hat uns nicht gesehen.");
  Clause goes = clause({.pronoun = Pronoun::kI}, "go");
  goes.negated = true;
  goes.modal = Modal::kMust;
  goes.place = Place{PlaceRelation::kInto, noun("house")};
  check(goes, "I must not go into the house.", "Ich darf nicht ins Haus gehen.");
  goes.modal = Modal::kCan;
  check(goes, "I cannot go into the house.", "Ich kann nicht ins Haus gehen.");
}

TEST_CASE("the demo's cases follow from verbs and places") {
  Clause gives = clause(noun("teacher"), "give", Tense::kFuture);
  gives.indirect_object = NounPhrase{.pronoun = Pronoun::kShe};
  gives.direct_object = noun("apple");
  gives.time = find(time_adverbs(), "tomorrow");
  check(gives, "The teacher will give her the apple tomorrow.", "Der Lehrer wird ihr morgen den Apfel geben.");
  Clause sleeps = clause(noun("cat", Determiner::kThe, Number::kPlural), "sleep", Tense::kPast);
  sleeps.place = Place{PlaceRelation::kIn, noun("garden")};
  check(sleeps, "The cats slept in the garden.", "Die Katzen haben im Garten geschlafen.");
  sleeps.place = Place{PlaceRelation::kInFrontOf, noun("school", Determiner::kOur)};
  check(sleeps, "The cats slept in front of our school.", "Die Katzen haben vor unserer Schule geschlafen.");
  Clause follows = clause({.pronoun = Pronoun::kThey}, "follow", Tense::kPast);
  follows.indirect_object = noun("student");
  check(follows, "They followed the student.", "Sie sind dem Studenten gefolgt.");
  Clause is_old{.subject = {.pronoun = Pronoun::kI}, .predicate = find(adjectives(), "tired"), .tense = Tense::kPast};
  is_old.frequency = find(frequency_adverbs(), "often");
  check(is_old, "I was often tired.", "Ich war oft müde.");
}

TEST_CASE("the demo's relative clauses take the case of their noun's part in them") {
  Clause helps = clause({}, "help");
  helps.gap = Gap::kSubject;
  helps.indirect_object = NounPhrase{.pronoun = Pronoun::kWe};
  NounPhrase man = noun("man");
  man.relative = std::make_shared<const Clause>(helps);
  check(clause(man, "sleep"), "The man who helps us sleeps.", "Der Mann, der uns hilft, schläft.");

  Clause buys = clause({.pronoun = Pronoun::kYou}, "buy", Tense::kPast);
  buys.gap = Gap::kDirectObject;
  NounPhrase hat = noun("hat");
  hat.relative = std::make_shared<const Clause>(buys);
  Clause looks = clause({.pronoun = Pronoun::kHe}, "look for");
  looks.direct_object = hat;
  check(looks, "He looks for the hat that you bought.", "Er sucht den Hut, den du gekauft hast.");
}

TEST_CASE("the demo's second person follows from the third") {
  const auto you = [](const char* verb) { return in_german({.main = clause({.pronoun = Pronoun::kYou}, verb)}); };
  CHECK(you("sleep") == "Du schläfst.");
  CHECK(you("dance") == "Du tanzt.");
  CHECK(you("work") == "Du arbeitest.");
  CHECK(you("eat") == "Du isst.");
  CHECK(you("get up") == "Du stehst auf.");
  CHECK(you("run") == "Du läufst.");
}

TEST_CASE("the demo's corpus repeats no sentence and depends on the seed alone") {
  const CorpusSizes sizes{.train = 3000, .valid = 50, .test = 100};
  const Corpus corpus = make_corpus(sizes, 1);
  CHECK(corpus.train.size() == sizes.train);
  CHECK(corpus.valid.size() == sizes.valid);
  CHECK(corpus.test.size() == sizes.test);
  std::set<std::string> english;
  for (const auto* part : {&corpus.train, &corpus.valid, &corpus.test})
    for (const SentencePair& pair : *part) english.insert(pair.english);
  CHECK(english.size() == sizes.train + sizes.valid + sizes.test);
  CHECK(make_corpus(sizes, 1).test == corpus.test);
  CHECK(make_corpus(sizes, 2).test != corpus.test);
  // Another seed's training sentences share none with this seed's test sentences either.
  std::set<std::string> other;
  for (const SentencePair& pair : make_corpus({.train = 20'000, .valid = 0, .test = 0}, 2).train) other.insert(pair.english);
  for (const SentencePair& pair : corpus.test) CHECK(other.count(pair.english) == 0);
}

TEST_CASE("the demo's sentences are clean lines that begin large and end with a mark") {
  for (const SentencePair& pair : make_corpus({.train = 5000, .valid = 0, .test = 0}, 3).train)
    for (const std::string& line : {pair.english, pair.german}) {
      INFO(line);
      CHECK((line[0] >= 'A' && line[0] <= 'Z'));
      CHECK((line.back() == '.' || line.back() == '?'));
      for (const char* bad : {"  ", " ,", ",,", ",.", ",?", "\n"}) CHECK(line.find(bad) == std::string::npos);
    }
}

TEST_CASE("the demo's corpus is written as files of equal length") {
  TempFolder folder;
  const Corpus corpus = make_corpus({.train = 5, .valid = 3, .test = 2}, 1);
  write_corpus(corpus, folder.path());
  std::string english, german;
  for (const SentencePair& pair : corpus.train) {
    english += pair.english + "\n";
    german += pair.german + "\n";
  }
  CHECK(read_text(folder / "train.en") == english);
  CHECK(read_text(folder / "train.de") == german);
  CHECK(std::filesystem::exists(folder / "valid.de"));
  CHECK(std::filesystem::exists(folder / "test.en"));
}
