// Sentence vectors from a model folder, and how alike the sentences are.
//
//   sentence_vectors FOLDER "a sentence" "another one" ...
//
// FOLDER is what sentence-transformers or `attend pretrain bert` saved; its own pooling and normalisation are followed.
#include <attend/core/error.h>
#include <attend/inference/embedder.h>

#include <cmath>
#include <cstdio>

namespace {

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s FOLDER SENTENCE...\n", argv[0]);
    return 2;
  }
  try {
    const attend::Embedder embedder = attend::load_embedder(argv[1]);
    const std::vector<std::string> sentences(argv + 2, argv + argc);
    const auto embeddings = embedder.embed(sentences);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      for (const std::string& warning : embeddings[i].warnings) std::fprintf(stderr, "sentence %zu %s\n", i + 1, warning.c_str());
      for (std::size_t j = 0; j < sentences.size(); ++j)
        std::printf("%s%.4f", j ? "\t" : "", cosine(embeddings[i].vector, embeddings[j].vector));
      std::printf("\n");
    }
  } catch (const attend::UserError& error) {
    std::fprintf(stderr, "%s\n%s\n", error.what(), error.hint().c_str());
    return 2;
  }
}
