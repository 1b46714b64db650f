# What `cmake --install` brings: the command, the libraries with their headers under include/attend, and a CMake package.
#   find_package(attend) -> attend::core, attend::tokenizers, attend::metrics, attend::data, attend::models, attend::inference, attend::training
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(attend_libraries core tokenizers metrics data models inference training)
set(attend_interfaces attend_torch tomlplusplus sentencepiece utf8proc)  # what the libraries link, made again by attendConfig.cmake

foreach(library ${attend_libraries})
  set_target_properties(attend_${library} PROPERTIES EXPORT_NAME ${library})
  install(DIRECTORY ${library} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/attend FILES_MATCHING PATTERN "*.h")
endforeach()
foreach(interface ${attend_interfaces})
  set_target_properties(${interface} PROPERTIES EXPORT_NAME private_${interface})
endforeach()
list(TRANSFORM attend_libraries PREPEND attend_ OUTPUT_VARIABLE attend_targets)
install(TARGETS ${attend_targets} ${attend_interfaces} EXPORT attend ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
# The command looks for the program at ../libexec/attend/attend-program.
install(TARGETS attend RUNTIME DESTINATION bin)
install(TARGETS attend_program RUNTIME DESTINATION libexec/attend)

set(attend_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/attend)
install(EXPORT attend NAMESPACE attend:: FILE attendTargets.cmake DESTINATION ${attend_package_dir})
configure_package_config_file(cmake/attendConfig.cmake.in ${CMAKE_BINARY_DIR}/attendConfig.cmake INSTALL_DESTINATION ${attend_package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/attendConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/attendConfig.cmake ${CMAKE_BINARY_DIR}/attendConfigVersion.cmake cmake/cuda_libraries.cmake
        DESTINATION ${attend_package_dir})
