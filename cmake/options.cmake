# Compiler set-up shared by every target.
find_program(CCACHE ccache)
if(CCACHE)
  # pch_defines, time_macros: what ccache needs to cache sources that use a precompiled header
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE})
  add_compile_options(-fpch-preprocess)
endif()

# GCC 12 warns falsely of overlapping or endless copies in std::string's operator+ (GCC bug 105651).
add_compile_options(-Wall -Wextra -Wno-unknown-warning-option -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
# Designated initialisers name what differs from the defaults; the rest is left out on purpose.
add_compile_options(-Wno-missing-field-initializers)
# Vectors wider than the baseline ABI knows only live inside inlined functions (core/simd.h).
add_compile_options(-Wno-psabi)
if(ATTEND_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()
if(ATTEND_SANITIZE)
  # -O1 -g1, and -O0 of the tests: a source with both sanitizers takes a fifth of -O2 -g's time to compile.
  add_compile_options(-O1 -g1 -fsanitize=${ATTEND_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${ATTEND_SANITIZE})
endif()
