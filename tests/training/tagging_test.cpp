#include <cmath>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/log.h"
#include "core/random.h"
#include "core/stop_signal.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"
#include "tests/training/objective_checks.h"
#include "tests/training/tiny_bert.h"
#include "training/objectives/tagging.h"
#include "training/trainer.h"

using namespace attend;
using Catch::Contains;

namespace {

const std::vector<std::string> kPieces{"ann",  "bob", "rome", "paris", "new", "york", "lives", "in",
                                       "goes", "to",  "play", "##ing", "##s", "-",    "."};
const std::string kNothingLeft = "\x01";  // a control character, which cleaning takes away

/// "word/TAG word/TAG" a line as CoNLL's columns.
std::string columns(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) {
    for (const char c : sentence) text += c == ' ' ? '\n' : c == '/' ? '\t' : c;
    text += "\n\n";
  }
  return text;
}

/// Who is where: a name, sometimes a name of two words, and the word before it says nothing about its tag.
void write_sentences(const std::filesystem::path& file, std::uint64_t count) {
  const std::array people{"ann/B-PER", "bob/B-PER"};
  const std::array places{"rome/B-LOC", "paris/B-LOC", "new/B-LOC york/I-LOC"};
  RandomStream random(1, file.filename().string());
  std::vector<std::string> sentences;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string sentence = people[random.below(people.size())];
    sentence += random.below(2) == 0 ? " lives/O in/O " : " goes/O playing/O to/O ";
    sentence += places[random.below(places.size())];
    if (random.below(2) == 0) sentence += " ./O";
    sentences.push_back(sentence);
  }
  write_text(file, columns(sentences));
}

struct Workplace {
  Workplace() {
    set_log_level(LogLevel::kQuiet);
    tokenizer = write_tiny_bert({.pieces = kPieces}, folder / "bert");
    write_sentences(folder / "train", 120);
    write_sentences(folder / "valid", 30);
  }

  TaggingSetup setup(const std::vector<std::string>& names = {"B-LOC", "B-PER", "I-LOC", "O"}) const {
    TaggingSetup setup;
    setup.model = load_token_classifier(folder / "bert", {}, TokenTask::kTags, NewHead{.labels = {.names = names}});
    setup.tokenizer = tokenizer;
    setup.train = {.file = folder / "train", .columns = {}};
    setup.valid = folder / "valid";
    setup.batch_size = 16;
    setup.options.max_length = 32;
    return setup;
  }

  TaggedExamples read(const std::string& text, std::int64_t max_length = 32) const {
    write_text(folder / "text", text);
    return read_tagged_examples({.file = folder / "text", .columns = {}}, *tokenizer, max_length, LabelSet({"B", "O"}, "the test"));
  }

  std::vector<std::int32_t> ids(const std::vector<std::string>& pieces) const {
    std::vector<std::int32_t> found;
    for (const std::string& piece : pieces) found.push_back(tokenizer->id_of(piece).value());
    return found;
  }

  TempFolder folder;
  std::shared_ptr<const WordPieceTokenizer> tokenizer;
};

}  // namespace

TEST_CASE("A label stands on the first piece of its word") {
  const Workplace place;
  constexpr std::int64_t no = TaggedExamples::kNoTag;
  // "rome-paris" is one word of the corpus and three of the tokenizer.
  const TaggedExamples read = place.read("playing\tB\nin\tO\n" + kNothingLeft + "\tB\nrome-paris\tB\nanns\tO\nanns\tB\n");
  REQUIRE(read.examples.size() == 1);
  CHECK(read.examples[0].ids == place.ids({"[CLS]", "play", "##ing", "in", "rome", "-", "paris", "ann", "##s", "ann", "##s", "[SEP]"}));
  CHECK(read.examples[0].type_ids == std::vector<std::int32_t>(12, 0));
  CHECK(read.labels[0] == std::vector<std::int64_t>{no, 0, no, 1, 0, no, no, 1, no, 0, no, no});
  CHECK(read.num_cut == 0);
}

TEST_CASE("A sentence is cut to the longest length in training, and one without pieces is left out") {
  const Workplace place;
  constexpr std::int64_t no = TaggedExamples::kNoTag;
  const TaggedExamples read = place.read("playing\tB\nin\tO\nrome\tB\n\n" + kNothingLeft + "\tO\n\nann\tO\nin\tB\nrome\tO\n", 5);
  REQUIRE(read.examples.size() == 2);
  CHECK(read.examples[0].ids == place.ids({"[CLS]", "play", "##ing", "in", "[SEP]"}));
  CHECK(read.labels[0] == std::vector<std::int64_t>{no, 0, no, 1, no});
  CHECK(read.examples[1].ids.size() == 5);
  CHECK(read.num_cut == 1);
  CHECK(read.num_empty == 1);
  CHECK_THAT(refusal_of([&] { place.read(kNothingLeft + "\tO\n"); }), Contains("nothing can be learnt"));
}

TEST_CASE("Windows are half a window apart and share an overlap at its middle") {
  const auto shown = [](std::int64_t num_pieces, std::int64_t room) {
    std::string text;
    for (const PieceWindow& window : piece_windows(num_pieces, room))
      text += "[" + std::to_string(window.begin) + "," + std::to_string(window.end) + ") for " + std::to_string(window.first) + "-" +
              std::to_string(window.last) + " ";
    return text;
  };
  CHECK(shown(0, 4).empty());
  CHECK(shown(3, 4) == "[0,3) for 0-3 ");
  CHECK(shown(4, 4) == "[0,4) for 0-4 ");
  CHECK(shown(5, 4) == "[0,4) for 0-2 [1,5) for 2-5 ");
  CHECK(shown(9, 4) == "[0,4) for 0-3 [2,6) for 3-5 [4,8) for 5-6 [5,9) for 6-9 ");
  CHECK(shown(3, 1) == "[0,1) for 0-1 [1,2) for 1-2 [2,3) for 2-3 ");
}

TEST_CASE("Every piece is answered for once, in a window that reads it") {
  RandomStream random(1, "windows");
  for (int trial = 0; trial < 300; ++trial) {
    const auto num_pieces = static_cast<std::int64_t>(random.below(60)), room = static_cast<std::int64_t>(1 + random.below(20));
    std::int64_t next = 0;
    for (const PieceWindow& window : piece_windows(num_pieces, room)) {
      CHECK(window.first == next);
      CHECK(window.begin <= window.first);
      CHECK(window.last <= window.end);
      CHECK(window.end - window.begin == std::min(room, num_pieces));
      next = window.last;
    }
    CHECK(next == num_pieces);
  }
}

TEST_CASE("The words of a long sentence are asked for in one window each") {
  const Workplace place;
  WordWindows text(*place.tokenizer, 6);  // room for 4 pieces
  text.add({"ann", "playing", kNothingLeft, "in", "rome"});
  text.add({"bob"});
  CHECK(text.num_words() == 6);
  REQUIRE(text.windows().size() == 3);  // 5 pieces in two windows, and the second sentence
  CHECK(text.windows()[0].ids == place.ids({"[CLS]", "ann", "play", "##ing", "in", "[SEP]"}));
  CHECK(text.windows()[1].ids == place.ids({"[CLS]", "play", "##ing", "in", "rome", "[SEP]"}));
  std::string shown;  // window:position=word
  for (std::size_t i = 0; i < text.places().size(); ++i)
    for (const auto& [position, word] : text.places()[i])
      shown += std::to_string(i) + ":" + std::to_string(position) + "=" + std::to_string(word) + " ";
  CHECK(shown == "0:1=0 0:2=1 1:3=3 1:4=4 2:1=5 ");
}

TEST_CASE("A word is tagged by its first piece, the same alone and in a batch; one without pieces is O") {
  const Workplace place;
  const auto model = place.setup().model;
  const std::vector<std::vector<std::string>> sentences{
      {"playing", kNothingLeft, "rome"}, {"ann", "lives", "in", "new", "york", "."}, {}, {"unheard-of"}};
  WordWindows all(*place.tokenizer, 32);
  for (const auto& words : sentences) all.add(words);
  const WordTags together = tag_words(*model, all).value();
  CHECK(together.num_scored == 0);
  REQUIRE(together.labels.size() == 10);
  std::size_t word = 0;
  for (const auto& words : sentences) {
    WordWindows one(*place.tokenizer, 32);
    one.add(words);
    const WordTags alone = tag_words(*model, one).value();
    for (std::size_t i = 0; i < words.size(); ++i, ++word) {
      CHECK(together.labels[word] == alone.labels[i]);
      CHECK(together.probabilities[word] == Approx(alone.probabilities[i]).epsilon(1e-5));
    }
  }
  CHECK(together.labels[1] == 3);
  CHECK(together.probabilities[1] == 0);
  // The second word of the second sentence from the logits themselves.
  const torch::NoGradGuard no_grad;
  const std::vector<std::int32_t> ids = place.ids({"[CLS]", "ann", "lives", "in", "new", "york", ".", "[SEP]"});
  const auto p_L =
      torch::softmax(model->logits({.tokens = {{ids.begin(), ids.end()}, {8}}, .type_ids = std::vector<std::int64_t>(8, 0)})[2], 0);
  CHECK(together.labels[4] == p_L.argmax().item<std::int64_t>());
  CHECK(together.probabilities[4] == Approx(p_L.max().item<double>()).epsilon(1e-5));
}

TEST_CASE("The measures count every word, and the loss those that have a piece") {
  const Workplace place;
  const auto model = place.setup().model;
  write_text(place.folder / "text", "ann\tB-PER\n" + kNothingLeft + "\tO\n" + kNothingLeft + "\tB-LOC\nrome\tB-LOC\n\nbob\tB-PER\n");
  const LabelSet labels(model->labels().names, "the model");
  const TaggedText text = read_tagged_text({.file = place.folder / "text", .columns = {}}, *place.tokenizer, 32, labels);
  CHECK(text.lengths == std::vector<std::size_t>{4, 1});
  const WordTags tags = tag_words(*model, text.words, text.labels).value();
  CHECK(tags.num_scored == 3);
  int num_right = 1;  // the first word without pieces is O, the second is not
  for (const std::size_t word : {0u, 3u, 4u}) num_right += tags.labels[word] == text.labels[word];
  const Metrics metrics = metrics_of(score_tags(*model, text).value());
  CHECK(value(metrics, "accuracy") == Approx(num_right / 5.0));
  CHECK(value(metrics, "loss") == Approx(-tags.log_likelihood / 3));
  CHECK(value(metrics, "f1") <= 1);

  // The same over the examples that training sees.
  double sum = 0;
  struct Target {
    std::vector<std::string> pieces;
    std::int64_t position, label;
  };
  for (const auto& [pieces, position, label] : std::vector<Target>{
           {{"[CLS]", "ann", "rome", "[SEP]"}, 1, 1}, {{"[CLS]", "ann", "rome", "[SEP]"}, 2, 0}, {{"[CLS]", "bob", "[SEP]"}, 1, 1}}) {
    const torch::NoGradGuard no_grad;
    const auto ids = place.ids(pieces);
    const auto length = static_cast<std::int64_t>(ids.size());
    const auto logits_NL =
        model->logits({.tokens = {{ids.begin(), ids.end()}, {length}}, .type_ids = std::vector<std::int64_t>(ids.size(), 0)});
    sum -= torch::log_softmax(logits_NL, 1)[position][label].item<double>();
  }
  CHECK(value(metrics, "loss") == Approx(sum / 3).epsilon(1e-5));
}

TEST_CASE("Tags that training never had count as misses and are no part of the loss") {
  const Workplace place;
  const auto model = place.setup().model;
  const LabelSet labels(model->labels().names, "the model");
  const auto read = [&](const std::vector<std::string>& sentences) {
    write_text(place.folder / "unseen", columns(sentences));
    return read_tagged_text({.file = place.folder / "unseen", .columns = {}}, *place.tokenizer, 32, labels);
  };
  const TaggedText known = read({"ann/B-PER lives/O in/O rome/O york/O"});
  std::optional<TaggedText> unseen;
  const std::string said = captured_stderr([&] { unseen.emplace(read({"ann/B-PER lives/O in/O rome/B-ORG york/I-ORG"})); });
  const TaggedText& text = *unseen;
  CHECK_THAT(said, Contains("2 of 5 labels were never seen in training and count as misses, the first in line 4; 2 labels: 'B-ORG', "
                            "'I-ORG'"));
  CHECK(text.names == std::vector<std::string>{"B-LOC", "B-PER", "I-LOC", "O", "B-ORG", "I-ORG"});
  const WordTags tags = tag_words(*model, text.words, text.labels).value();
  CHECK(tags.num_scored == 3);
  const TagScores scores = score_tags(*model, text).value();
  // One entity more to be found, of a type of its own, which no answer can be.
  const auto& types = scores.entities.types();
  REQUIRE(types.contains("ORG"));
  CHECK(types.find("ORG")->second.gold == 1);
  CHECK(types.find("ORG")->second.predicted == 0);
  int num_right = 0;
  for (std::size_t word = 0; word < 3; ++word) num_right += tags.labels[word] == text.labels[word];
  CHECK(scores.accuracy == Approx(num_right / 5.0));
  // Every word of the same sentence is one forward pass, so the loss is that of the three known words.
  const WordTags of_known = tag_words(*model, known.words, known.labels).value();
  CHECK(of_known.num_scored == 5);
  CHECK(tags.log_likelihood > of_known.log_likelihood);
}

TEST_CASE("A tagger of BILOU finds entities that stand side by side") {
  const Workplace place;
  const auto model = place.setup({"B-X", "I-X", "L-X", "O", "U-X"}).model;
  const LabelSet labels(model->labels().names, "the model");
  write_text(place.folder / "bilou", columns({"ann/U-X bob/U-X lives/O new/B-X york/L-X"}));
  const TaggedText text = read_tagged_text({.file = place.folder / "bilou", .columns = {}}, *place.tokenizer, 32, labels);
  const TagScores scores = score_tags(*model, text).value();
  CHECK(scores.has_entities);
  CHECK(scores.entities.types().at("X").gold == 3);
}

TEST_CASE("Tags that are not those of entities are measured by accuracy alone") {
  const Workplace place;
  write_text(place.folder / "train", columns({"ann/NOUN lives/VERB", "bob/NOUN goes/VERB"}));
  write_text(place.folder / "valid", columns({"bob/NOUN lives/VERB"}));
  CHECK(collect_tags({.file = place.folder / "train", .columns = {}}).names() == std::vector<std::string>{"NOUN", "VERB"});
  TaggingObjective objective(place.setup({"NOUN", "VERB"}));
  objective.model().eval();
  CHECK(objective.best_metric().name == "accuracy");
  CHECK_THAT(why_no_entities({.names = {"B-x", "NOUN"}}).value(), Contains("because the tag 'NOUN' is none of an entity"));
  CHECK_FALSE(why_no_entities({.names = {"B-x", "O"}}).has_value());
  const Metrics metrics = objective.evaluate({}).value();
  CHECK(metrics.size() == 2);
  TaggingSetup by_f1 = place.setup({"NOUN", "VERB"});
  by_f1.options.best_by = "f1";
  CHECK_THAT(refusal_of([&] { TaggingObjective{by_f1}; }), Contains("--best-by is 'f1'; expected accuracy, loss"));
  // Without an O the first label stands for a word without pieces.
  WordWindows text(*place.tokenizer, 32);
  text.add({kNothingLeft});
  CHECK(tag_words(*by_f1.model, text)->labels == std::vector<std::int64_t>{0});
}

TEST_CASE("A tagging position gives the same batches in another objective") {
  const Workplace place;
  TaggingObjective one(place.setup()), two(place.setup());
  CHECK(one.micro_batches_per_epoch() == 8);  // 120 sentences, 16 a batch
  for (int i = 0; i < 10; ++i) loss_of_next(one);
  CHECK(one.epoch() == 1);
  two.seek(one.position());
  for (int i = 0; i < 8; ++i) CHECK(loss_of_next(one) == loss_of_next(two));
  write_sentences(place.folder / "other", 120);
  TaggingSetup other = place.setup();
  other.train.file = place.folder / "other";
  TaggingObjective on_other(other);
  CHECK_THAT(refusal_of([&] { on_other.seek(one.position()); }), Contains("not those of the checkpoint"));
}

TEST_CASE("Tags and lengths that cannot be are refused, with the line") {
  const Workplace place;
  write_text(place.folder / "valid", columns({"ann/NOUN lives/VERB", "bob/B-PRE"}));
  CHECK_THAT(refusal_of([&] { TaggingObjective{place.setup()}; }),
             Contains("valid, line 1: the label 'NOUN' was never seen in training; known are 'B-LOC', 'B-PER', 'I-LOC', 'O'"));
  write_text(place.folder / "train", columns({"ann/B-PER lives/O", "bob/B-PRE"}));
  CHECK_THAT(refusal_of([&] { TaggingObjective{place.setup()}; }),
             Contains("train, line 4: the label 'B-PRE' was never seen in training") && Contains("did you mean 'B-PER'?"));
  write_sentences(place.folder / "train", 120);
  write_text(place.folder / "valid", "ann\n");
  CHECK_THAT(refusal_of([&] { TaggingObjective{place.setup()}; }), Contains("line 1: found one column"));
  TaggingSetup setup = place.setup();
  setup.options.max_length = 33;
  CHECK_THAT(refusal_of([&] { TaggingObjective{setup}; }), Contains("--max-length is 33; the model has 32 positions"));
  setup.options.max_length = 2;
  CHECK_THAT(refusal_of([&] { TaggingObjective{setup}; }), Contains("--max-length is 2; expected at least 3"));
  setup = place.setup();
  setup.options.best_by = "bleu";
  setup.valid.clear();
  CHECK_THAT(refusal_of([&] { TaggingObjective{setup}; }), Contains("expected f1, precision, recall, accuracy, loss"));
  setup.train.columns.tag = 7;
  CHECK_THAT(refusal_of([&] { TaggingObjective{setup}; }), Contains("no column 7 among 2"));
}

TEST_CASE("A stop during the tagging of a text ends it without an answer") {
  const Workplace place;
  TaggingObjective objective(place.setup());
  objective.model().eval();
  request_stop();
  CHECK_FALSE(objective.evaluate({.stop = stop_requested}).has_value());
  reset_stop();
  CHECK(objective.evaluate({.stop = stop_requested}).has_value());
}

TEST_CASE("A tiny BERT learns whose name is whose, stopped and resumed to the same bits") {
  const Workplace place;
  TrainingOptions options;
  options.steps = 40;
  options.learning_rate = 1e-2;
  options.schedule = ScheduleKind::kLinear;
  options.warmup_steps = 4;
  options.eval_every = options.save_every = 20;
  options.threads = 1;
  const auto train = [&](const std::string& name, Start start) {
    TaggingObjective objective(place.setup());
    Trainer trainer(objective, {.output = place.folder / name, .options = options, .start = start, .command = "attend finetune tag"});
    REQUIRE(trainer.run() == ExitCode::kDone);
    return trainer.state().best_metrics;
  };
  const Json best = train("whole", Start::kFresh);
  CHECK(best["f1"].get<double>() == 1);
  CHECK(best["accuracy"].get<double>() == 1);
  CHECK(best["loss"].get<double>() < 0.1);  // log(4) = 1.39 before training

  // What a stop at step 20 leaves: the second checkpoint is not there yet.
  std::filesystem::copy(place.folder / "whole", place.folder / "stopped",
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  std::filesystem::remove_all(place.folder / "stopped" / "checkpoints" / "step-40");
  train("stopped", Start::kResume);
  const std::string weights = read_text(place.folder / "whole" / "checkpoints" / "step-40" / "model.safetensors");
  CHECK(weights.size() > 10'000);
  CHECK(read_text(place.folder / "stopped" / "checkpoints" / "step-40" / "model.safetensors") == weights);

  // The folder holds all that is needed to use it.
  const auto model = load_token_classifier(place.folder / "whole", {}, TokenTask::kTags);
  const WordPieceTokenizer tokenizer(place.folder / "whole");
  WordWindows text(tokenizer, model->max_positions());
  text.add({"Bob", "goes", "to", "New", "York", "."});
  std::string tags;
  const WordTags tagged = tag_words(*model, text).value();
  for (const std::int64_t label : tagged.labels) tags += model->labels().names[static_cast<std::size_t>(label)] + " ";
  CHECK(tags == "B-PER O O B-LOC I-LOC O ");
}
