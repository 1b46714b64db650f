#include "apps/commands/evaluate.h"

#include <memory>
#include <ostream>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/commands/evaluate_classify.h"
#include "apps/commands/scratch_folder.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "data/parallel_text.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "training/objectives/translation.h"

namespace attend {
namespace {

struct ParallelLines {
  std::vector<std::string> sources;
  std::vector<std::vector<std::string>> references;  // of one translator each
};

ParallelLines read_pairs(const std::filesystem::path& data) {
  ParallelLines lines;
  lines.references.resize(1);
  LineReader reader(data);
  for (std::string line; reader.next(line);) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos || line.find('\t', tab + 1) != std::string::npos)
      throw UserError(data.string() + " line " + std::to_string(reader.line_number()) + ": expected source<TAB>reference");
    lines.sources.push_back(line.substr(0, tab));
    lines.references[0].push_back(line.substr(tab + 1));
  }
  return lines;
}

ParallelLines read_data(const EvaluateTranslateOptions& options) {
  const bool has_texts = !options.source.empty() || !options.references.empty();
  if (has_texts == !options.data.empty() || options.source.empty() != options.references.empty())
    throw UserError("expected --source with --reference, or --data alone", "--data FILE holds source<TAB>reference lines");
  ParallelLines lines;
  if (has_texts) {
    lines.sources = read_lines(options.source);
    for (const auto& reference : options.references) {
      lines.references.push_back(read_lines(reference));
      if (lines.references.back().size() != lines.sources.size())
        throw UserError(options.source.string() + " has " + std::to_string(lines.sources.size()) + " lines, " + reference.string() +
                        " has " + std::to_string(lines.references.back().size()) + "; expected as many");
    }
  } else {
    lines = read_pairs(options.data);
  }
  if (lines.sources.empty())
    throw UserError((has_texts ? options.source : options.data).string() + " is empty; expected at least one line");
  return lines;
}

/// The first reference is the one whose probability is measured.
CorpusLoss loss_of(Seq2SeqModel& model, const MarianTokenizer& tokenizer, const ParallelLines& lines) {
  const ScratchFolder scratch;
  const auto write = [&](const char* name, const std::vector<std::string>& text) {
    std::ofstream file(scratch.path() / name, std::ios::binary);
    for (const std::string& line : text) file << line << '\n';
    if (!file.flush()) throw StorageError((scratch.path() / name).string() + ": cannot be written");
  };
  write("source", lines.sources);
  write("target", lines.references[0]);
  return corpus_loss(model, prepare_parallel({scratch.path() / "source", scratch.path() / "target"}, tokenizer, scratch.path() / "data"))
      .value();
}

}  // namespace

void add_evaluate(CLI::App& app) {
  CLI::App* parent = app.add_subcommand("evaluate", "Measure a model on data with answers");
  parent->require_subcommand(1);
  parent->footer(
      "Examples:\n"
      "  attend evaluate classify --model runs/sentiment --data dev.tsv --text 0 --label 1\n"
      "  attend evaluate translate --model runs/de-en --source test.de --reference test.en");
  add_evaluate_classify(*parent);
  add_evaluate_masked(*parent);
  add_evaluate_few_shot(*parent);
  add_evaluate_tag(*parent);
  add_evaluate_answer(*parent);
  add_evaluate_lm(*parent);
  auto options = std::make_shared<EvaluateTranslateOptions>();
  CLI::App* command = parent->add_subcommand("translate", "BLEU, chrF, loss and perplexity of a translation model");
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("--source", options->source, "text to translate, a sentence a line");
  command->add_option("--reference", options->references, "its translation, line by line; several files for several translators");
  command->add_option("--data", options->data, "instead of both: lines of source<TAB>reference");
  add_config_flags(*command, options->translate, {.group = "Translation", .aliases = {{"beam", "--beam-size"}}, .without = {"n_best"}});
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "Examples:\n"
      "  attend evaluate translate --model runs/de-en --source test.de --reference test.en\n"
      "  attend evaluate translate --model runs/de-en --data test.tsv --beam 5 --json");
  set_run(*command, options, run_evaluate_translate);
}

int run_evaluate_translate(const EvaluateTranslateOptions& options, std::istream&, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  const ParallelLines lines = read_data(options);
  const auto tokenizer = std::make_shared<const MarianTokenizer>(options.model);
  const auto model = load_seq2seq(options.model, loading);
  model->eval();
  const CorpusLoss loss = loss_of(*model, *tokenizer, lines);

  const GenerationConfig generation = read_generation_config(options.model, model->token_roles());
  tell_folder(generation.warnings);
  const Translator translator(model, tokenizer, generation);
  std::vector<std::string> hypotheses;
  tell_folder(translator.warnings());
  LineWarnings told;
  for (const TranslatedLine& line : translator.translate(lines.sources, options.translate)) {
    hypotheses.push_back(line.translations.front().text);
    told.tell(hypotheses.size(), line);
  }
  const BleuScore bleu = corpus_bleu(hypotheses, lines.references);
  const ChrfScore chrf = corpus_chrf(hypotheses, lines.references);
  if (options.common.json) {
    out << Json{{"bleu", bleu.score},
                {"signature", bleu.signature},
                {"chrf", chrf.score},
                {"chrf_signature", chrf.signature},
                {"loss", loss.loss},
                {"perplexity", loss.perplexity},
                {"examples", lines.sources.size()}}
               .dump()
        << "\n";
    return static_cast<int>(ExitCode::kDone);
  }
  out << score_line(bleu, 2) << "\n" << score_line(chrf, 2) << "\n";
  out << "loss = " << fixed_decimals(loss.loss, 4) << " a token, perplexity = " << fixed_decimals(loss.perplexity, 2) << " ("
      << loss.num_targets << " tokens)\nexamples = " << lines.sources.size() << "\n";
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
