// Standard input as a test wants it.
#pragma once

#include <iostream>
#include <sstream>
#include <string>

namespace attend {

/// std::cin reads the text until the object goes.
class StandardInput {
 public:
  explicit StandardInput(const std::string& text) : text_(text), kept_(std::cin.rdbuf(text_.rdbuf())) { std::cin.clear(); }
  ~StandardInput() {
    std::cin.rdbuf(kept_);
    std::cin.clear();
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  std::istringstream text_;
  std::streambuf* kept_;
};

}  // namespace attend
