// The words of the demo's grammar: some two hundred of each language, written for it.
#pragma once

#include <span>

namespace attend::demo {

enum class Gender { kMasculine, kFeminine, kNeuter };

/// What a noun can be, and what a verb or an adjective asks of its nouns; bits.
namespace kind {
inline constexpr unsigned kPerson = 1, kAnimal = 2, kThing = 4, kFood = 8, kPlace = 16, kReadable = 32, kOpenable = 64;
inline constexpr unsigned kLiving = kPerson | kAnimal, kBuyable = kThing | kFood, kAny = kLiving | kBuyable;
}  // namespace kind

enum class Declension {
  kStrong,
  kWeak  ///< the plural's form in every case but the nominative: der Junge, den Jungen
};

struct Noun {
  const char *english, *english_plural, *german, *german_plural;
  Gender gender;
  unsigned kinds;
  Declension declension = Declension::kStrong;
};

struct Adjective {
  const char *english, *german;
  const char* stem;  ///< before an ending: teuer, but teur-e
  unsigned kinds;
};

enum class Frame {
  kIntransitive,
  kAccusative,    ///< den Mann sehen
  kDative,        ///< dem Mann helfen
  kDitransitive,  ///< dem Mann das Buch geben
  kMotion,        ///< in den Garten gehen
};
enum class Auxiliary { kHaben, kSein };

struct Verb {
  const char *english, *english_past;
  const char* particle;      ///< the part that separates: an|rufen; "" where there is none
  const char* infinitive;    ///< without the particle
  const char* third_person;  ///< er ...; the other persons follow from it and the infinitive
  const char* participle;    ///< with the particle
  Auxiliary auxiliary;
  Frame frame;
  unsigned subjects, objects;
};

/// When it happens; bits, one a tense it goes with.
namespace when {
inline constexpr unsigned kPresent = 1, kPast = 2, kFuture = 4;
}

struct Adverb {
  const char *english, *german;
  unsigned tenses;
};

std::span<const Noun> nouns();
std::span<const Adjective> adjectives();
std::span<const Verb> verbs();
/// "today": at the end in English, after the pronouns in German, or first in both.
std::span<const Adverb> time_adverbs();
/// "often": before the verb in English.
std::span<const Adverb> frequency_adverbs();
/// Verbs whose object is a sentence: "think that".
std::span<const Verb> saying_verbs();

}  // namespace attend::demo
