// What a sentence of the demo says, before it is said in either language. english.cpp and german.cpp are functions of it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "data/demo/lexicon.h"

namespace attend::demo {

enum class Number { kSingular, kPlural };
enum class Pronoun { kI, kYou, kHe, kShe, kWe, kThey };

enum class Determiner {
  kThe,
  kIndefinite,  ///< a dog, dogs
  kThis,
  kMy,
  kYour,
  kHis,
  kHer,
  kOur,
  kEvery,    ///< singular only
  kMany,     ///< plural only
  kNumeral,  ///< plural only: two to twelve
};

struct Clause;

struct NounPhrase {
  std::optional<Pronoun> pronoun;  ///< where there is one, nothing below counts
  const Noun* noun = nullptr;
  Number number = Number::kSingular;
  Determiner determiner = Determiner::kThe;
  int numeral = 2;
  const Adjective* adjective = nullptr;
  std::shared_ptr<const Clause> relative;  ///< in which this noun is the subject or the direct object, and not said again
};

enum class Tense { kPresent, kPast, kFuture };
enum class Modal { kNone, kCan, kMust, kShould, kWant };
enum class PlaceRelation { kIn, kInto, kBehind, kInFrontOf };
enum class Gap { kNone, kSubject, kDirectObject };

struct Place {
  PlaceRelation relation = PlaceRelation::kIn;
  NounPhrase where;
};

/// Someone does something, or (verb == nullptr) is something.
struct Clause {
  NounPhrase subject;
  const Verb* verb = nullptr;
  const Adjective* predicate = nullptr;
  std::optional<NounPhrase> direct_object, indirect_object;  ///< accusative, dative
  std::optional<Place> place;
  const Adverb* frequency = nullptr;
  const Adverb* time = nullptr;
  Tense tense = Tense::kPresent;
  Modal modal = Modal::kNone;
  bool negated = false;
  Gap gap = Gap::kNone;  ///< of a relative clause: which phrase is the noun it belongs to
};

enum class Form { kStatement, kYesNoQuestion, kWhyQuestion, kWhenQuestion };
enum class Conjunction {
  kAnd,
  kBut,  ///< two main clauses
  kBecause,
  kIf,
  kAlthough,
  kWhile,  ///< the verb of the second goes last in German
  kThat,   ///< first clause: a verb of saying
};

struct Sentence {
  Form form = Form::kStatement;
  Clause main;
  bool time_first = false;
  std::optional<Conjunction> conjunction;
  std::optional<Clause> second;
  bool second_first = false;  ///< "If it ..., ...": only for because, if, although, while
};

}  // namespace attend::demo
