// A translation: lines of standard input through a model folder.
//
//   translate FOLDER < source.txt > target.txt
//
// FOLDER is what `attend pretrain transformer` or transformers' MarianMTModel saved, with its tokenizer.
#include <attend/core/error.h>
#include <attend/inference/folders.h>
#include <attend/inference/translator.h>

#include <cstdio>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER < source.txt\n", argv[0]);
    return 2;
  }
  try {
    auto model = attend::load_seq2seq(argv[1]);
    auto tokenizer = attend::load_marian_tokenizer(argv[1]);
    auto generation = attend::read_generation_config(argv[1], model->token_roles());
    const attend::Translator translator(std::move(model), std::move(tokenizer), std::move(generation));
    std::vector<std::string> lines;
    for (std::string line; std::getline(std::cin, line);) lines.push_back(line);
    for (const attend::TranslatedLine& line : translator.translate(lines)) {
      for (const std::string& warning : line.warnings) std::fprintf(stderr, "a line %s\n", warning.c_str());
      std::cout << line.translations.front().text << '\n';
    }
  } catch (const attend::UserError& error) {
    std::fprintf(stderr, "%s\n%s\n", error.what(), error.hint().c_str());
    return 2;
  }
}
