// The page of `report`: the curves of training runs beside each other, in one HTML file that loads nothing. Its style and scripts are the
// files of apps/pages/report, built into the program (cmake/embed.cmake).
#pragma once

#include <string>
#include <vector>

#include "core/run_history.h"

namespace attend {

/// What each run is called: its folder's name, and the whole path where two have the same name. Throws UserError for a folder given twice.
std::vector<std::string> run_names(const std::vector<RunHistory>& runs);

/// A whole HTML document. Numbers are float32 in it, steps whole.
std::string report_page(const std::vector<RunHistory>& runs);

}  // namespace attend
