// What the heads of every family share: their labels in config.json, and which head a folder's model gets.
#pragma once

#include <optional>
#include <string>

#include "models/name_rules.h"
#include "models/text_model.h"

namespace attend {

/// Sets id2label and label2id.
void add_labels(Json& config, const TaskLabels& labels);
/// The labels that config.json names; transformers' two where it names none. `name` is the file. Throws UserError.
TaskLabels read_labels(const Json& config, const std::string& name);

/// Says what an import left out, and warns of what is drawn at random. `file` is its name.
void report_import(const ImportReport& report, const std::string& file);

/// What to build and how to fill it: the folder's head, or a new one.
struct HeadPlan {
  enum class Source { kFolder, kFresh };  ///< the file's where it has one; a new one although it has one
  TaskLabels labels;
  Source head = Source::kFolder;
  NewHead::Body body = NewHead::Body::kPretrained;
  NameRule::Presence presence = NameRule::Presence::kRequired;  ///< of the head's tensors in the file
};

/// `head` is the name of the head's layer in the file, "classifier". A new head keeps the folder's, and the order
/// of its labels, where the labels are the same. Seeds
/// torch's generator where parameters are to be drawn, and warns where the folder's head is not kept. Throws UserError where a head is
/// needed and not there.
HeadPlan plan_head(const ModelFolder& folder, const SafetensorsReader& file, const std::string& head, const std::optional<NewHead>& wanted);

}  // namespace attend
