#include "data/demo/draw.h"

#include <array>
#include <vector>

namespace attend::demo {
namespace {

bool chance(RandomStream& random, double probability) { return random.uniform() < probability; }

template <class Sequence>
const auto& pick(RandomStream& random, const Sequence& items) {
  return items[random.below(items.size())];
}

template <class Item, class Keep>
const Item* pick_where(RandomStream& random, std::span<const Item> items, Keep&& keep) {
  std::vector<const Item*> kept;
  for (const Item& item : items)
    if (keep(item)) kept.push_back(&item);
  return kept.empty() ? nullptr : pick(random, kept);
}

/// Which determiners a noun phrase may have: under "not", "every" and "many" would leave open what is denied.
enum class Scope { kFree, kNegatedSubject, kNegatedObject, kDefinite };

struct PhraseRules {
  unsigned kinds = 0;
  Scope scope = Scope::kFree;
  double pronoun = 0, adjective = 0.35, relative = 0;
};

Determiner draw_determiner(RandomStream& random, Scope scope, Number number) {
  using enum Determiner;
  if (scope == Scope::kDefinite || scope == Scope::kNegatedSubject)
    return pick(random, std::array{kThe, kThe, kThe, kThis, kMy, kYour, kHis, kHer, kOur});
  if (scope == Scope::kNegatedObject) return pick(random, std::array{kThe, kThe, kIndefinite, kIndefinite, kThis, kMy, kHis, kHer});
  if (number == Number::kSingular)
    return pick(random,
                std::array{kThe, kThe, kThe, kThe, kIndefinite, kIndefinite, kIndefinite, kThis, kMy, kYour, kHis, kHer, kOur, kEvery});
  return pick(random, std::array{kThe, kThe, kThe, kIndefinite, kThis, kMy, kYour, kHis, kHer, kOur, kMany, kNumeral, kNumeral});
}

Clause draw_relative(RandomStream& random, const NounPhrase& head);

NounPhrase draw_phrase(RandomStream& random, const PhraseRules& rules) {
  NounPhrase phrase;
  if (chance(random, rules.pronoun)) {
    phrase.pronoun = static_cast<Pronoun>(random.below(6));
    return phrase;
  }
  phrase.noun = pick_where(random, nouns(), [&](const Noun& noun) { return (noun.kinds & rules.kinds) != 0; });
  phrase.number = chance(random, 0.3) ? Number::kPlural : Number::kSingular;
  phrase.determiner = draw_determiner(random, rules.scope, phrase.number);
  if (phrase.determiner == Determiner::kNumeral) phrase.numeral = 2 + static_cast<int>(random.below(11));
  if (chance(random, rules.adjective))
    phrase.adjective = pick_where(random, adjectives(), [&](const Adjective& word) { return (word.kinds & phrase.noun->kinds) != 0; });
  if (phrase.determiner == Determiner::kThe && chance(random, rules.relative))
    phrase.relative = std::make_shared<const Clause>(draw_relative(random, phrase));
  return phrase;
}

void draw_objects(RandomStream& random, Clause& clause, double relative) {
  const Scope scope = clause.negated ? Scope::kNegatedObject : Scope::kFree;
  const Frame frame = clause.verb->frame;
  const bool takes_person = (clause.verb->objects & kind::kPerson) != 0;
  const PhraseRules object{.kinds = clause.verb->objects, .scope = scope, .pronoun = takes_person ? 0.25 : 0, .relative = relative};
  if (frame == Frame::kAccusative && clause.gap != Gap::kDirectObject) clause.direct_object = draw_phrase(random, object);
  if (frame == Frame::kDative) clause.indirect_object = draw_phrase(random, object);
  if (frame == Frame::kDitransitive) {
    const Scope receiver = clause.negated ? Scope::kDefinite : Scope::kFree;
    clause.indirect_object = draw_phrase(random, {.kinds = kind::kPerson, .scope = receiver, .pronoun = 0.3, .adjective = 0.2});
    if (clause.gap != Gap::kDirectObject) clause.direct_object = draw_phrase(random, {.kinds = clause.verb->objects, .scope = scope});
  }
}

void draw_place(RandomStream& random, Clause& clause) {
  const Frame frame = clause.verb->frame;
  if (frame == Frame::kDitransitive || (frame != Frame::kMotion && !chance(random, frame == Frame::kIntransitive ? 0.45 : 0.12))) return;
  Place place;
  place.where = draw_phrase(random, {.kinds = kind::kPlace, .scope = Scope::kDefinite, .adjective = 0.25});
  if (frame == Frame::kMotion)
    place.relation = PlaceRelation::kInto;
  else
    place.relation = pick(
        random, std::array{PlaceRelation::kIn, PlaceRelation::kIn, PlaceRelation::kIn, PlaceRelation::kBehind, PlaceRelation::kInFrontOf});
  clause.place = std::move(place);
}

unsigned tense_bit(Tense tense) { return 1u << static_cast<unsigned>(tense); }

void draw_adverbs(RandomStream& random, Clause& clause) {
  const unsigned bit = tense_bit(clause.tense);
  const auto fits = [&](const Adverb& adverb) { return (adverb.tenses & bit) != 0; };
  if (!clause.negated && clause.modal == Modal::kNone && chance(random, 0.15))
    clause.frequency = pick_where(random, frequency_adverbs(), fits);
  else if (clause.gap == Gap::kNone && chance(random, 0.3))
    clause.time = pick_where(random, time_adverbs(), fits);
}

Tense draw_tense(RandomStream& random) {
  return pick(random, std::array{Tense::kPresent, Tense::kPresent, Tense::kPast, Tense::kPast, Tense::kFuture});
}

void draw_modal(RandomStream& random, Clause& clause) {
  if (clause.tense == Tense::kPresent && clause.verb != nullptr && chance(random, 0.3))
    clause.modal = static_cast<Modal>(1 + random.below(4));
}

bool same_person(const NounPhrase& one, const std::optional<NounPhrase>& other) {
  return other && one.pronoun && other->pronoun == one.pronoun;
}

struct ClauseRules {
  double relative = 0.12;
  double negated = 0.2;
  std::optional<Tense> tense;  ///< drawn where not given
};

Clause draw_clause(RandomStream& random, const ClauseRules& rules) {
  Clause clause;
  const bool is_copula = chance(random, 0.15);
  if (!is_copula) clause.verb = &pick(random, verbs());
  clause.tense = rules.tense ? *rules.tense : draw_tense(random);
  draw_modal(random, clause);
  clause.negated = chance(random, rules.negated);
  const unsigned subjects = is_copula ? kind::kAny | kind::kPlace : clause.verb->subjects;
  const Scope scope = clause.negated ? Scope::kNegatedSubject : Scope::kFree;
  clause.subject = draw_phrase(random, {.kinds = subjects, .scope = scope, .pronoun = is_copula ? 0.2 : 0.35, .relative = rules.relative});
  if (is_copula) {
    const unsigned kinds = clause.subject.pronoun ? kind::kPerson : clause.subject.noun->kinds;
    clause.predicate = pick_where(random, adjectives(),
                                  [&](const Adjective& word) { return (word.kinds & kinds) != 0 && &word != clause.subject.adjective; });
  } else {
    do draw_objects(random, clause, rules.relative);
    while (same_person(clause.subject, clause.direct_object) || same_person(clause.subject, clause.indirect_object));
    draw_place(random, clause);
  }
  draw_adverbs(random, clause);
  return clause;
}

/// "the man who helps us", "the book that I read".
Clause draw_relative(RandomStream& random, const NounPhrase& head) {
  Clause clause;
  const unsigned kinds = head.noun->kinds;
  const bool can_act = (kinds & kind::kLiving) != 0;
  clause.gap = can_act && chance(random, 0.6) ? Gap::kSubject : Gap::kDirectObject;
  clause.verb = pick_where(random, verbs(), [&](const Verb& verb) {
    if (clause.gap == Gap::kSubject) return (verb.subjects & kinds) != 0;
    return verb.frame == Frame::kAccusative && (verb.objects & kinds) != 0;
  });
  clause.tense = draw_tense(random);
  draw_modal(random, clause);
  if (clause.gap == Gap::kDirectObject)
    clause.subject = draw_phrase(random, {.kinds = clause.verb->subjects, .pronoun = 0.5, .adjective = 0.1});
  draw_objects(random, clause, 0);
  draw_place(random, clause);
  return clause;
}

Clause draw_saying(RandomStream& random) {
  Clause clause;
  clause.verb = &pick(random, saying_verbs());
  clause.tense = chance(random, 0.3) ? Tense::kPast : Tense::kPresent;
  clause.subject = draw_phrase(random, {.kinds = kind::kPerson, .pronoun = 0.6, .adjective = 0.15});
  return clause;
}

}  // namespace

Sentence draw_sentence(RandomStream& random) {
  Sentence sentence;
  const double shape = random.uniform();
  if (shape < 0.15) {
    sentence.form = pick(random, std::array{Form::kYesNoQuestion, Form::kYesNoQuestion, Form::kWhyQuestion, Form::kWhenQuestion});
    sentence.main = draw_clause(random, {.negated = 0});
    if (sentence.form == Form::kWhenQuestion) sentence.main.time = nullptr;
    return sentence;
  }
  if (shape < 0.45) {
    using enum Conjunction;
    sentence.conjunction = pick(random, std::array{kAnd, kBut, kBecause, kBecause, kIf, kAlthough, kWhile, kThat, kThat});
    ClauseRules plain{.relative = 0, .negated = 0.15};
    sentence.main = *sentence.conjunction == kThat ? draw_saying(random) : draw_clause(random, plain);
    if (*sentence.conjunction != kThat) plain.tense = sentence.main.tense;  // they happen together
    sentence.second = draw_clause(random, plain);
    const bool joins_main_clauses = *sentence.conjunction == kAnd || *sentence.conjunction == kBut;
    sentence.second_first = !joins_main_clauses && *sentence.conjunction != kThat && chance(random, 0.4);
    return sentence;
  }
  sentence.main = draw_clause(random, {});
  sentence.time_first = sentence.main.time != nullptr && chance(random, 0.5);
  return sentence;
}

}  // namespace attend::demo
