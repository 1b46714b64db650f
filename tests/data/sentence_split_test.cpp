#include "data/sentence_split.h"

#include <catch2/catch.hpp>
#include <string>

#include "core/random.h"
#include "core/text.h"

namespace attend {
namespace {

using Sentences = std::vector<std::string_view>;

TEST_CASE("a sentence ends at . ! ? before white space and what can begin one") {
  CHECK(split_sentences("The dog sleeps. The cat sees it! Does it? 3 birds do.") ==
        Sentences{"The dog sleeps.", "The cat sees it!", "Does it?", "3 birds do."});
  CHECK(split_sentences("It rains. \t  And pours.") == Sentences{"It rains.", "And pours."});
  CHECK(split_sentences("Really?! Yes... No.") == Sentences{"Really?!", "Yes...", "No."});
  CHECK(split_sentences("Es regnet. Öl schwimmt. Ärger!") == Sentences{"Es regnet.", "Öl schwimmt.", "Ärger!"});
  CHECK(split_sentences("Идёт дождь. Холодно.") == Sentences{"Идёт дождь.", "Холодно."});
  CHECK(split_sentences("the film ends . The end .") == Sentences{"the film ends .", "The end ."});  // tokenised text
}

TEST_CASE("no sentence ends elsewhere") {
  for (const std::string_view whole :
       {"no upper case follows. so it goes on", "version 1.5 is out", "at example.Com now", "wait... what", "Yahoo! is a firm",
        "no space follows.The end", "he said . \" The", "a ( b . ) c", "a dash. - follows", "no mark at all"})
    CHECK(split_sentences(whole) == Sentences{whole});
}

TEST_CASE("quotes and brackets close behind the mark and open before the next sentence") {
  CHECK(split_sentences("\"Come here.\" He came. \"Why?\" (Nobody knew.) [Sic.] Then he left.") ==
        Sentences{"\"Come here.\"", "He came.", "\"Why?\"", "(Nobody knew.)", "[Sic.]", "Then he left."});
  CHECK(split_sentences("“Yes.” ‘No.’ «Oui.» ¿Qué? ¡No! „Nein.“") == Sentences{"“Yes.”", "‘No.’", "«Oui.»", "¿Qué?", "¡No!", "„Nein.“"});
}

TEST_CASE("abbreviations and initials end no sentence") {
  for (const std::string_view whole :
       {"Dr. Smith met Mrs. Jones.", "(Prof. Meier)", "J. R. R. Tolkien wrote.", "The U.S. Army came.", "At 5 p.m. Tuesday it rained.",
        "Take some, e.g. Two or three.", "Müller vs. Meier", "ST. Louis", "Smith et al. (2019) found it.", "Ö. Müller", "No. 5 is alive.",
        "See Fig. 3 and p. 12 there.", "on Dec. 24 we met"})
    CHECK(split_sentences(whole) == Sentences{whole});
  CHECK(split_sentences("He said no. Then he left.") == Sentences{"He said no.", "Then he left."});
  CHECK(split_sentences("It has vitamin c. That is good.") == Sentences{"It has vitamin c.", "That is good."});
  CHECK(split_sentences("Meet the Dr.! Now.") == Sentences{"Meet the Dr.!", "Now."});
  CHECK(split_sentences("(by Smith et al.) Then more.") == Sentences{"(by Smith et al.)", "Then more."});
  CHECK(split_sentences("It was 1999. The year ended.") == Sentences{"It was 1999.", "The year ended."});
}

TEST_CASE("white space around a paragraph is no sentence") {
  CHECK(split_sentences("").empty());
  CHECK(split_sentences(" \t \r").empty());
  CHECK(split_sentences("  One.  Two.  ") == Sentences{"One.", "Two."});
  CHECK(split_sentences(". . .") == Sentences{". . ."});
}

TEST_CASE("nothing but white space is lost, and a sentence is one when it is split again") {
  RandomStream stream(1, "prose");
  const std::string_view parts[]{"A", "b", "É", ".", "!", "?", " ", " ", " ", "\"", ")", "“", "7", "Mr", "e.g", "\t", "字"};
  const auto without_spaces = [](std::string_view text) {
    std::string kept;
    for (const char c : text)
      if (c != ' ' && c != '\t') kept += c;
    return kept;
  };
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::uint64_t length = stream.below(30); length > 0; --length) text += parts[stream.below(std::size(parts))];
    std::string joined;
    for (const std::string_view sentence : split_sentences(text)) {
      REQUIRE(is_valid_utf8(sentence));
      REQUIRE(!without_spaces(sentence).empty());
      REQUIRE(split_sentences(sentence) == Sentences{sentence});
      joined += sentence;
    }
    REQUIRE(without_spaces(joined) == without_spaces(text));
  }
}

TEST_CASE("a megabyte takes linear time") {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "e.g. A. Mr. X ";
  CHECK(split_sentences(text).size() == 1);
  CHECK(split_sentences(std::string(1'000'000, '.')).size() == 1);
}

TEST_CASE("sentences of scripts without case end at their own marks") {
  CHECK(split_sentences("他来了。她走了！谁在？我不知道。") == Sentences{"他来了。", "她走了！", "谁在？", "我不知道。"});
  CHECK(split_sentences("彼は「来た。」と言った。") == Sentences{"彼は「来た。」", "と言った。"});
  CHECK(split_sentences("第一。\u3000第二。") == Sentences{"第一。", "第二。"});
  CHECK(split_sentences("वह आया। वह चली गई। कौन है? मैं।") == Sentences{"वह आया।", "वह चली गई।", "कौन है?", "मैं।"});
  CHECK(split_sentences("هل جاء؟ ذهبت هي. من هناك؟") == Sentences{"هل جاء؟", "ذهبت هي.", "من هناك؟"});
  CHECK(split_sentences("وہ آیا۔ وہ گئی۔") == Sentences{"وہ آیا۔", "وہ گئی۔"});
  CHECK(split_sentences("Նա եկավ։ Նա գնաց։") == Sentences{"Նա եկավ։", "Նա գնաց։"});
  CHECK(split_sentences("Он пришёл. Она ушла.") == Sentences{"Он пришёл.", "Она ушла."});
}

TEST_CASE("characters that only begin with the same byte end nothing, and small letters begin nothing") {
  for (const std::string_view whole : {"三、四，五", "aéɐ ṁ ℃ ḁ", "he came. she left. nobody knows.", "am 10.\u00A0Mai", "٣.٥ كيلو"})
    CHECK(split_sentences(whole) == Sentences{whole});
  CHECK(split_sentences("\u3000\u00A0 ").empty());
  CHECK(split_sentences("\u3000One.\u2003Two.\u00A0") == Sentences{"One.", "Two."});
}

}  // namespace
}  // namespace attend
