# A LibTorch built for CUDA would have the whole toolkit found, nvcc included, for the sake of this one target. Nothing here is compiled for
# a device, and LibTorch's libraries find NVIDIA's by themselves, which pip puts beside them; the linker looks where it is told.
#   Torch_DIR   in
#   torch_is_cuda   out
get_filename_component(torch_folder ${Torch_DIR}/../../.. ABSOLUTE)
set(torch_is_cuda OFF)
if(EXISTS ${torch_folder}/lib/libtorch_cuda.so)
  set(torch_is_cuda ON)
  if(NOT TARGET torch::cudart)
    add_library(torch::cudart INTERFACE IMPORTED)
    file(GLOB nvidia_folders ${torch_folder}/../nvidia/*/lib)
    list(TRANSFORM nvidia_folders PREPEND -Wl,-rpath-link,)
    set_property(TARGET torch::cudart PROPERTY INTERFACE_LINK_OPTIONS ${nvidia_folders})
  endif()
endif()
