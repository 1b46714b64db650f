// German: gender, case and number agree; the finite verb stands second in a main clause and last in a subordinate one, and
// what separates from it (particle, participle, infinitive) stands at the end.
#include <array>

#include "data/demo/realise.h"

namespace attend::demo {
namespace {

enum class Case { kNominative, kAccusative, kDative };

constexpr std::size_t index_of(Case grammatical_case) { return static_cast<std::size_t>(grammatical_case); }

/// Columns of the tables of endings: masculine, feminine, neuter, plural. Rows: nominative, accusative, dative.
using Endings = std::array<std::array<const char*, 4>, 3>;

constexpr Endings kArticle{{{"der", "die", "das", "die"}, {"den", "die", "das", "die"}, {"dem", "der", "dem", "den"}}};
constexpr Endings kDerWord{{{"er", "e", "es", "e"}, {"en", "e", "es", "e"}, {"em", "er", "em", "en"}}};  // dies-, jed-
constexpr Endings kEinWord{{{"", "e", "", "e"}, {"en", "e", "", "e"}, {"em", "er", "em", "en"}}};        // ein, kein, mein
// An adjective's ending says what the determiner before it left open.
constexpr Endings kWeakAdjective{{{"e", "e", "e", "en"}, {"en", "e", "e", "en"}, {"en", "en", "en", "en"}}};
constexpr Endings kMixedAdjective{{{"er", "e", "es", "en"}, {"en", "e", "es", "en"}, {"en", "en", "en", "en"}}};
constexpr Endings kStrongAdjective{{{"er", "e", "es", "e"}, {"en", "e", "es", "e"}, {"em", "er", "em", "en"}}};

std::size_t column_of(const NounPhrase& phrase) {
  return phrase.number == Number::kPlural ? 3 : static_cast<std::size_t>(phrase.noun->gender);
}

const char* ending(const Endings& table, const NounPhrase& phrase, Case grammatical_case) {
  return table[index_of(grammatical_case)][column_of(phrase)];
}

std::string pronoun_word(Pronoun pronoun, Case grammatical_case) {
  constexpr std::array<std::array<const char*, 6>, 3> words{{{"ich", "du", "er", "sie", "wir", "sie"},
                                                             {"mich", "dich", "ihn", "sie", "uns", "sie"},
                                                             {"mir", "dir", "ihm", "ihr", "uns", "ihnen"}}};
  return words[index_of(grammatical_case)][static_cast<std::size_t>(pronoun)];
}

std::string noun_word(const NounPhrase& phrase, Case grammatical_case) {
  const Noun& noun = *phrase.noun;
  if (phrase.number == Number::kPlural) {
    const std::string plural = noun.german_plural;
    const bool takes_n = grammatical_case == Case::kDative && !plural.ends_with("n") && !plural.ends_with("s");
    return takes_n ? plural + "n" : plural;
  }
  const bool weak_form = noun.declension == Declension::kWeak && grammatical_case != Case::kNominative;
  return weak_form ? noun.german_plural : noun.german;
}

/// "kein" takes the place of "nicht" and "ein".
enum class Denial { kNone, kKein };

struct DeterminerForm {
  std::string word;
  const Endings* adjective = nullptr;
};

DeterminerForm determiner_form(const NounPhrase& phrase, Case grammatical_case, Denial denial) {
  constexpr std::array numerals{"zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf"};
  const bool plural = phrase.number == Number::kPlural;
  const auto ein_word = [&](const std::string& stem) {
    return DeterminerForm{stem + ending(kEinWord, phrase, grammatical_case), &kMixedAdjective};
  };
  switch (phrase.determiner) {
    case Determiner::kThe:
      return {ending(kArticle, phrase, grammatical_case), &kWeakAdjective};
    case Determiner::kThis:
      return {std::string("dies") + ending(kDerWord, phrase, grammatical_case), &kWeakAdjective};
    case Determiner::kEvery:
      return {std::string("jed") + ending(kDerWord, phrase, grammatical_case), &kWeakAdjective};
    case Determiner::kIndefinite:
      if (denial == Denial::kKein) return ein_word("kein");
      return plural ? DeterminerForm{"", &kStrongAdjective} : ein_word("ein");
    case Determiner::kMy:
      return ein_word("mein");
    case Determiner::kYour:
      return ein_word("dein");
    case Determiner::kHis:
      return ein_word("sein");
    case Determiner::kHer:
      return ein_word("ihr");
    case Determiner::kOur:
      return ein_word("unser");
    case Determiner::kMany:
      return {std::string("viel") + ending(kDerWord, phrase, grammatical_case), &kStrongAdjective};
    case Determiner::kNumeral:
      return {numerals.at(static_cast<std::size_t>(phrase.numeral - 2)), &kStrongAdjective};
  }
  return {};
}

Words relative_clause(const NounPhrase& head);

Words after_determiner(const NounPhrase& phrase, Case grammatical_case, const Endings& adjective) {
  Words words;
  if (phrase.adjective) words << std::string(phrase.adjective->stem) + ending(adjective, phrase, grammatical_case);
  words << noun_word(phrase, grammatical_case);
  if (phrase.relative) words << "," << relative_clause(phrase) << ",";
  return words;
}

Words noun_phrase(const NounPhrase& phrase, Case grammatical_case, Denial denial = Denial::kNone) {
  Words words;
  if (phrase.pronoun) return words << pronoun_word(*phrase.pronoun, grammatical_case);
  const DeterminerForm determiner = determiner_form(phrase, grammatical_case, denial);
  return words << determiner.word << after_determiner(phrase, grammatical_case, *determiner.adjective);
}

/// "im Garten", "in den Garten", "hinter dem Haus": where with the dative, whither with the accusative.
Words place_phrase(const Place& place) {
  const Case grammatical_case = place.relation == PlaceRelation::kInto ? Case::kAccusative : Case::kDative;
  const DeterminerForm determiner = determiner_form(place.where, grammatical_case, Denial::kNone);
  std::string start = "in";
  if (place.relation == PlaceRelation::kBehind) start = "hinter";
  if (place.relation == PlaceRelation::kInFrontOf) start = "vor";
  start += " " + determiner.word;
  if (place.where.determiner == Determiner::kThe && start == "in dem") start = "im";
  if (place.where.determiner == Determiner::kThe && start == "in das") start = "ins";
  Words words;
  return words << start << after_determiner(place.where, grammatical_case, *determiner.adjective);
}

/// ich, du, er, and wir and sie, which are always alike.
enum class Person { kFirst, kSecond, kThird, kPlural };
using Forms = std::array<const char*, 4>;

Person person_of(const NounPhrase& subject) {
  if (!subject.pronoun) return subject.number == Number::kPlural ? Person::kPlural : Person::kThird;
  switch (*subject.pronoun) {
    case Pronoun::kI:
      return Person::kFirst;
    case Pronoun::kYou:
      return Person::kSecond;
    case Pronoun::kHe:
    case Pronoun::kShe:
      return Person::kThird;
    case Pronoun::kWe:
    case Pronoun::kThey:
      return Person::kPlural;
  }
  return Person::kThird;
}

std::string form_of(const Forms& forms, Person person) { return forms[static_cast<std::size_t>(person)]; }

std::string present_form(const Verb& verb, Person person) {
  std::string infinitive = verb.infinitive;
  std::string third = verb.third_person;
  switch (person) {
    case Person::kFirst:
      return infinitive.substr(0, infinitive.size() - 1);
    case Person::kThird:
      return third;
    case Person::kPlural:
      return infinitive;
    case Person::kSecond:
      break;
  }
  const std::string stem = third.substr(0, third.size() - 1);  // liest -> lies, arbeitet -> arbeite
  const bool hisses = stem.ends_with("s") || stem.ends_with("z") || stem.ends_with("ß");
  return hisses ? third : stem + "st";
}

/// The finite verb, what stands at the clause's end besides, and the finite verb as a subordinate clause ends with it.
struct VerbComplex {
  std::string finite, end, finite_last;
};

VerbComplex copula(Tense tense, Person person) {
  if (tense == Tense::kFuture) {
    const std::string will = form_of({"werde", "wirst", "wird", "werden"}, person);
    return {will, "sein", will};
  }
  constexpr Forms present{"bin", "bist", "ist", "sind"}, past{"war", "warst", "war", "waren"};
  const std::string finite = form_of(tense == Tense::kPast ? past : present, person);
  return {finite, "", finite};
}

/// "must not" forbids: darf nicht; "muss nicht" would be "need not".
Forms modal_forms(Modal modal, bool negated) {
  switch (modal) {
    case Modal::kCan:
      return {"kann", "kannst", "kann", "können"};
    case Modal::kMust:
      return negated ? Forms{"darf", "darfst", "darf", "dürfen"} : Forms{"muss", "musst", "muss", "müssen"};
    case Modal::kShould:
      return {"soll", "sollst", "soll", "sollen"};
    default:
      return {"will", "willst", "will", "wollen"};
  }
}

VerbComplex verb_complex(const Clause& clause, Person person) {
  if (clause.verb == nullptr) return copula(clause.tense, person);
  const Verb& verb = *clause.verb;
  const std::string particle = verb.particle, whole_infinitive = particle + verb.infinitive;
  std::string finite;
  if (clause.tense == Tense::kPast) {
    constexpr Forms haben{"habe", "hast", "hat", "haben"}, sein{"bin", "bist", "ist", "sind"};
    finite = form_of(verb.auxiliary == Auxiliary::kSein ? sein : haben, person);
    return {finite, verb.participle, finite};
  }
  if (clause.tense == Tense::kFuture || clause.modal != Modal::kNone) {
    const Forms will{"werde", "wirst", "wird", "werden"};
    finite = form_of(clause.tense == Tense::kFuture ? will : modal_forms(clause.modal, clause.negated), person);
    return {finite, whole_infinitive, finite};
  }
  finite = present_form(verb, person);
  return {finite, particle, particle + finite};
}

bool is_indefinite(const std::optional<NounPhrase>& phrase) {
  return phrase && !phrase->pronoun && phrase->determiner == Determiner::kIndefinite;
}

enum class TimePlace { kMiddle, kSaidBefore };

/// Between the verb's two parts: pronouns, when, to whom, what, "nicht", where.
Words middle(const Clause& clause, TimePlace time) {
  const bool kein_direct = clause.negated && is_indefinite(clause.direct_object);
  const bool kein_indirect = clause.negated && !kein_direct && is_indefinite(clause.indirect_object);
  Words pronouns, phrases, words;
  if (clause.indirect_object) {
    const Denial denial = kein_indirect ? Denial::kKein : Denial::kNone;
    (clause.indirect_object->pronoun ? pronouns : phrases) << noun_phrase(*clause.indirect_object, Case::kDative, denial);
  }
  if (clause.direct_object) {
    const Denial denial = kein_direct ? Denial::kKein : Denial::kNone;
    (clause.direct_object->pronoun ? pronouns : phrases) << noun_phrase(*clause.direct_object, Case::kAccusative, denial);
  }
  words << pronouns;
  if (clause.time && time == TimePlace::kMiddle) words << clause.time->german;
  if (clause.frequency) words << clause.frequency->german;
  words << phrases;
  if (clause.negated && !kein_direct && !kein_indirect) words << "nicht";
  if (clause.place) words << place_phrase(*clause.place);
  if (clause.predicate) words << clause.predicate->german;
  return words;
}

Words subject_of(const Clause& clause) { return noun_phrase(clause.subject, Case::kNominative); }

Words verb_second(const Clause& clause) {
  const VerbComplex verb = verb_complex(clause, person_of(clause.subject));
  return subject_of(clause) << verb.finite << middle(clause, TimePlace::kMiddle) << verb.end;
}

/// The verb before the subject: a question, or something else stands first.
Words verb_first(const Clause& clause, TimePlace time = TimePlace::kMiddle) {
  const VerbComplex verb = verb_complex(clause, person_of(clause.subject));
  Words words;
  return words << verb.finite << subject_of(clause) << middle(clause, time) << verb.end;
}

Words verb_last(const Words& subject, const Clause& clause, Person person) {
  const VerbComplex verb = verb_complex(clause, person);
  Words words;
  words << subject << middle(clause, TimePlace::kMiddle);
  const bool particle_is_joined = verb.finite != verb.finite_last;
  return words << (particle_is_joined ? "" : verb.end) << verb.finite_last;
}

Words relative_clause(const NounPhrase& head) {
  const Clause& clause = *head.relative;
  const Case grammatical_case = clause.gap == Gap::kSubject ? Case::kNominative : Case::kAccusative;
  Words words;
  words << ending(kArticle, head, grammatical_case);  // the relative pronoun looks like the article in these cases
  if (clause.gap == Gap::kSubject) return words << verb_last({}, clause, head.number == Number::kPlural ? Person::kPlural : Person::kThird);
  return words << verb_last(subject_of(clause), clause, person_of(clause.subject));
}

std::string conjunction_word(Conjunction conjunction) {
  constexpr std::array words{"und", "aber", "weil", "wenn", "obwohl", "während", "dass"};
  return words.at(static_cast<std::size_t>(conjunction));
}

}  // namespace

std::string in_german(const Sentence& sentence) {
  Words words;
  if (sentence.form != Form::kStatement) {
    words << (sentence.form == Form::kWhyQuestion ? "warum" : sentence.form == Form::kWhenQuestion ? "wann" : "");
    return (words << verb_first(sentence.main)).line('?');
  }
  if (sentence.time_first) return (words << sentence.main.time->german << verb_first(sentence.main, TimePlace::kSaidBefore)).line('.');
  if (!sentence.conjunction) return verb_second(sentence.main).line('.');
  const std::string conjunction = conjunction_word(*sentence.conjunction);
  const Clause& second = *sentence.second;
  if (*sentence.conjunction == Conjunction::kAnd || *sentence.conjunction == Conjunction::kBut) {
    words << verb_second(sentence.main) << (*sentence.conjunction == Conjunction::kBut ? "," : "") << conjunction;
    return (words << verb_second(second)).line('.');
  }
  const Words subordinate = verb_last(subject_of(second), second, person_of(second.subject));
  if (sentence.second_first) return (words << conjunction << subordinate << "," << verb_first(sentence.main)).line('.');
  return (words << verb_second(sentence.main) << "," << conjunction << subordinate).line('.');
}

}  // namespace attend::demo
