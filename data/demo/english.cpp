// English: the subject first, the verb after it, help from "do" for questions and denials.
#include <array>

#include "data/demo/realise.h"

namespace attend::demo {
namespace {

enum class PronounCase { kSubject, kObject };

std::string pronoun_word(Pronoun pronoun, PronounCase pronoun_case) {
  constexpr std::array subjects{"I", "you", "he", "she", "we", "they"}, objects{"me", "you", "him", "her", "us", "them"};
  const auto index = static_cast<std::size_t>(pronoun);
  return pronoun_case == PronounCase::kSubject ? subjects[index] : objects[index];
}

/// "read" -> "reads", "carry up" -> "carries up".
std::string third_person(const std::string& verb) {
  const std::size_t space = verb.find(' ');
  const std::string word = verb.substr(0, space), rest = space == std::string::npos ? "" : verb.substr(space);
  const auto ends = [&](const char* ending) { return word.ends_with(ending); };
  if (ends("s") || ends("sh") || ends("ch") || ends("x") || ends("o")) return word + "es" + rest;
  const bool vowel_before_y = word.size() > 1 && std::string("aeiou").find(word[word.size() - 2]) != std::string::npos;
  if (ends("y") && !vowel_before_y) return word.substr(0, word.size() - 1) + "ies" + rest;
  return word + "s" + rest;
}

std::string determiner_word(const NounPhrase& phrase, const std::string& next_word) {
  const bool plural = phrase.number == Number::kPlural;
  constexpr std::array numerals{"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"};
  switch (phrase.determiner) {
    case Determiner::kThe:
      return "the";
    case Determiner::kIndefinite:
      if (plural) return "";
      return std::string("aeiou").find(next_word[0]) == std::string::npos ? "a" : "an";
    case Determiner::kThis:
      return plural ? "these" : "this";
    case Determiner::kMy:
      return "my";
    case Determiner::kYour:
      return "your";
    case Determiner::kHis:
      return "his";
    case Determiner::kHer:
      return "her";
    case Determiner::kOur:
      return "our";
    case Determiner::kEvery:
      return "every";
    case Determiner::kMany:
      return "many";
    case Determiner::kNumeral:
      return numerals.at(static_cast<std::size_t>(phrase.numeral - 2));
  }
  return "";
}

Words relative_clause(const NounPhrase& head);

Words noun_phrase(const NounPhrase& phrase, PronounCase pronoun_case) {
  Words words;
  if (phrase.pronoun) return words << pronoun_word(*phrase.pronoun, pronoun_case);
  const std::string noun = phrase.number == Number::kPlural ? phrase.noun->english_plural : phrase.noun->english;
  const std::string adjective = phrase.adjective ? phrase.adjective->english : "";
  words << determiner_word(phrase, adjective.empty() ? noun : adjective) << adjective << noun;
  if (phrase.relative) words << relative_clause(phrase);
  return words;
}

struct Agreement {
  bool first_singular = false, third_singular = false;
};

Agreement agreement_of(const NounPhrase& subject) {
  if (!subject.pronoun) return {.third_singular = subject.number == Number::kSingular};
  return {.first_singular = subject.pronoun == Pronoun::kI,
          .third_singular = subject.pronoun == Pronoun::kHe || subject.pronoun == Pronoun::kShe};
}

/// "does" + "read", "" + "reads", "is" + "".
struct VerbGroup {
  std::string auxiliary, main;
};

VerbGroup copula(const Clause& clause, Agreement agreement) {
  if (clause.tense == Tense::kFuture) return {"will", "be"};
  const bool past = clause.tense == Tense::kPast;
  if (agreement.first_singular) return {past ? "was" : "am", ""};
  if (agreement.third_singular) return {past ? "was" : "is", ""};
  return {past ? "were" : "are", ""};
}

/// `needs_auxiliary`: a question or a denial.
VerbGroup verb_group(const Clause& clause, Agreement agreement, bool needs_auxiliary) {
  if (clause.verb == nullptr) return copula(clause, agreement);
  const std::string base = clause.verb->english;
  if (clause.tense == Tense::kFuture) return {"will", base};
  if (clause.modal == Modal::kCan) return {"can", base};
  if (clause.modal == Modal::kMust) return {"must", base};
  if (clause.modal == Modal::kShould) return {"should", base};
  const bool wants = clause.modal == Modal::kWant, past = clause.tense == Tense::kPast;
  const std::string verb = wants ? "want to " + base : base;
  if (needs_auxiliary) return {past ? "did" : agreement.third_singular ? "does" : "do", verb};
  if (past) return {"", clause.verb->english_past};
  return {"", agreement.third_singular ? third_person(verb) : verb};
}

std::string preposition(PlaceRelation relation) {
  switch (relation) {
    case PlaceRelation::kIn:
      return "in";
    case PlaceRelation::kInto:
      return "into";
    case PlaceRelation::kBehind:
      return "behind";
    case PlaceRelation::kInFrontOf:
      return "in front of";
  }
  return "";
}

enum class TimePlace { kLast, kSaidBefore };

/// What comes after the verb.
Words complements(const Clause& clause, TimePlace time) {
  Words words;
  if (clause.predicate) words << clause.predicate->english;
  if (clause.indirect_object) words << noun_phrase(*clause.indirect_object, PronounCase::kObject);
  if (clause.direct_object) words << noun_phrase(*clause.direct_object, PronounCase::kObject);
  if (clause.place) words << preposition(clause.place->relation) << noun_phrase(clause.place->where, PronounCase::kObject);
  if (clause.time && time == TimePlace::kLast) words << clause.time->english;
  return words;
}

std::string frequency_word(const Clause& clause) { return clause.frequency ? clause.frequency->english : ""; }

Words after_subject(const Clause& clause, Agreement agreement, TimePlace time) {
  const VerbGroup group = verb_group(clause, agreement, clause.negated);
  Words words;
  if (clause.negated && group.auxiliary == "can")
    words << "cannot";
  else
    words << group.auxiliary << (clause.negated ? "not" : "");
  return words << frequency_word(clause) << group.main << complements(clause, time);
}

Words statement(const Clause& clause, TimePlace time = TimePlace::kLast) {
  return noun_phrase(clause.subject, PronounCase::kSubject) << after_subject(clause, agreement_of(clause.subject), time);
}

Words question(const Clause& clause) {
  const VerbGroup group = verb_group(clause, agreement_of(clause.subject), true);
  Words words;
  return words << group.auxiliary << noun_phrase(clause.subject, PronounCase::kSubject) << frequency_word(clause) << group.main
               << complements(clause, TimePlace::kLast);
}

Words relative_clause(const NounPhrase& head) {
  const Clause& clause = *head.relative;
  const bool person = (head.noun->kinds & kind::kPerson) != 0;
  Words words;
  if (clause.gap == Gap::kSubject)
    return words << (person ? "who" : "that")
                 << after_subject(clause, {.third_singular = head.number == Number::kSingular}, TimePlace::kLast);
  return words << (person ? "whom" : "that") << statement(clause);
}

std::string conjunction_word(Conjunction conjunction) {
  constexpr std::array words{"and", "but", "because", "if", "although", "while", "that"};
  return words.at(static_cast<std::size_t>(conjunction));
}

}  // namespace

std::string in_english(const Sentence& sentence) {
  Words words;
  if (sentence.form != Form::kStatement) {
    words << (sentence.form == Form::kWhyQuestion ? "why" : sentence.form == Form::kWhenQuestion ? "when" : "");
    return (words << question(sentence.main)).line('?');
  }
  if (sentence.time_first) return (words << sentence.main.time->english << statement(sentence.main, TimePlace::kSaidBefore)).line('.');
  if (!sentence.conjunction) return statement(sentence.main).line('.');
  const std::string conjunction = conjunction_word(*sentence.conjunction);
  if (sentence.second_first) return (words << conjunction << statement(*sentence.second) << "," << statement(sentence.main)).line('.');
  words << statement(sentence.main) << (*sentence.conjunction == Conjunction::kBut ? "," : "") << conjunction;
  return (words << statement(*sentence.second)).line('.');
}

}  // namespace attend::demo
