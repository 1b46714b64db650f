#include "models/model.h"

#include "models/layers/linear.h"

namespace attend {

void Model::pack(PanelFormat format) {
  for (const auto& module : modules())
    if (auto* linear = module->as<LinearImpl>()) linear->pack(format);
}

std::optional<PanelFormat> panel_format(Precision precision) {
  switch (precision) {
    case Precision::kFloat32:
      return std::nullopt;
    case Precision::kBFloat16:
      return PanelFormat::kBFloat16;
    case Precision::kInt8:
      return PanelFormat::kInt8;
    case Precision::kAuto:
      break;
  }
  TORCH_CHECK(false, "a precision that nobody has chosen");
}

}  // namespace attend
