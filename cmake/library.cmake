# attend_library(NAME [EXCLUDE file...] LINK target...): static library attend_NAME of every .cpp under NAME/.
# The word TORCH among the links gives it the precompiled <torch/torch.h>, compiled once, for attend_models.
function(attend_library name)
  cmake_parse_arguments(arg "" "" "EXCLUDE;LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.cpp)
  foreach(file ${arg_EXCLUDE})
    list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/${name}/${file})
  endforeach()
  add_library(attend_${name} STATIC ${sources})
  target_compile_features(attend_${name} PUBLIC cxx_std_20)
  # Installed headers lie under include/attend and include one another as here.
  target_include_directories(attend_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:include> $<INSTALL_INTERFACE:include/attend>)
  if(TORCH IN_LIST arg_LINK)
    list(REMOVE_ITEM arg_LINK TORCH)
    attend_use_torch_pch(attend_${name})
  endif()
  target_link_libraries(attend_${name} PUBLIC ${arg_LINK})
endfunction()

# Commands and tests compute nothing that takes long: compiled with -O1 they take half the time to build.
function(attend_quick_build target)
  if(ATTEND_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  else()
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

# Two precompiled headers, since one cannot serve two levels of optimisation: attend_models makes that of the libraries, attend_apps that of
# the commands and the tests, which are declared after it.
function(attend_use_torch_pch target)
  if(target STREQUAL attend_models)
    target_precompile_headers(${target} PRIVATE <torch/torch.h>)
  elseif(target STREQUAL attend_apps)
    attend_quick_build(${target})
    target_precompile_headers(${target} PRIVATE <torch/torch.h> <CLI/CLI.hpp>)
  elseif(TARGET attend_apps)
    target_precompile_headers(${target} REUSE_FROM attend_apps)
  else()
    target_precompile_headers(${target} REUSE_FROM attend_models)
  endif()
endfunction()
