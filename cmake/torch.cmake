# Finds LibTorch: Torch_DIR (variable or environment), else the virtual environment scripts/setup makes, else python3's torch.
if(NOT Torch_DIR AND DEFINED ENV{Torch_DIR})
  set(Torch_DIR $ENV{Torch_DIR} CACHE PATH "LibTorch's CMake package")
endif()
if(NOT Torch_DIR)
  foreach(python ${CMAKE_SOURCE_DIR}/.venv/bin/python python3)
    execute_process(COMMAND ${python} -c "import importlib.util as u, pathlib as p; print(p.Path(u.find_spec('torch').origin).parent / 'share/cmake/Torch')"
                    OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed AND EXISTS ${found})
      set(Torch_DIR ${found} CACHE PATH "LibTorch's CMake package" FORCE)
      break()
    endif()
  endforeach()
endif()
if(NOT Torch_DIR)
  message(FATAL_ERROR "LibTorch not found. Run scripts/setup, or set Torch_DIR to the folder that holds TorchConfig.cmake.")
endif()
find_package(Torch REQUIRED)
message(STATUS "LibTorch ${Torch_VERSION} in ${TORCH_INSTALL_PREFIX}")
# The installed command finds LibTorch where it was built against.
set(CMAKE_INSTALL_RPATH ${TORCH_INSTALL_PREFIX}/lib)

add_library(attend_torch INTERFACE)
add_library(attend::torch ALIAS attend_torch)
# LibTorch may lie in .venv, which no exported target may name: attendConfig.cmake adds its headers again.
target_include_directories(attend_torch SYSTEM INTERFACE "$<BUILD_INTERFACE:${TORCH_INCLUDE_DIRS}>")
target_link_libraries(attend_torch INTERFACE ${TORCH_LIBRARIES})
separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(attend_torch INTERFACE ${torch_flags})

# at::parallel_for is a template: compiled without OpenMP it is a plain loop. The runtime is LibTorch's own copy where it brings one,
# so that there is one pool of threads.
if(NOT ATTEND_SANITIZE MATCHES "thread")  # GCC's OpenMP runtime is not instrumented
  target_compile_options(attend_torch INTERFACE -fopenmp)
  file(GLOB openmp_runtime ${TORCH_INSTALL_PREFIX}/lib/libgomp*.so*)
  if(NOT openmp_runtime)
    set(openmp_runtime gomp)
  endif()
  target_link_libraries(attend_torch INTERFACE ${openmp_runtime})
endif()
