# attend_embed(TARGET NAME file...): the files, one after the other, as `attend::embedded::NAME`, a std::string_view in TARGET. They are read
# again whenever one of them changes. As a script (cmake -P), this file writes the source.
if(CMAKE_SCRIPT_MODE_FILE)
  set(source "// Made by cmake/embed.cmake.\n#include <string_view>\n\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n")
  string(APPEND source "namespace attend::embedded {\nextern const std::string_view ${NAME};\nconst std::string_view ${NAME}(")
  foreach(file ${FILES})
    file(READ ${file} content)
    string(APPEND source "\n    R\"embedded(${content})embedded\"")
  endforeach()
  file(WRITE ${OUTPUT} "${source});\n}  // namespace attend::embedded\n")
  return()
endif()

function(attend_embed target name)
  set(output ${CMAKE_BINARY_DIR}/embedded/${name}.cpp)
  list(TRANSFORM ARGN PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE files)
  add_custom_command(OUTPUT ${output} COMMAND ${CMAKE_COMMAND} -DNAME=${name} "-DFILES=${files}" -DOUTPUT=${output}
                     -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  set_source_files_properties(${output} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  target_sources(${target} PRIVATE ${output})
endfunction()
