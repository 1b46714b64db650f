// Whether a folder is whole: its files as its manifest says, its weights numbers, its model and its tokenizer fit for one another.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace attend {

/// One thing that was looked at.
struct FolderCheck {
  std::string name;                 ///< "manifest", "weights", "model", "tokenizer", "training"
  std::string found;                ///< what is there: "39 tensors, 4386178 numbers, all finite"; empty where nothing could be read
  std::vector<std::string> faults;  ///< a sentence each, which names the file
};

/// Looks at a model folder or a checkpoint. What cannot be read is a fault, not an exception. Reads every byte of the weights.
std::vector<FolderCheck> check_folder(const std::filesystem::path& folder);

}  // namespace attend
