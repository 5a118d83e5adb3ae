# conclib_add_plugin(cart cart.cpp ...) makes the plugin cart.so from C++ or C sources. It lands in
# CONCLIB_PLUGIN_OUTPUT_DIRECTORY, or else in plugins/ of the build directory; give that folder to
# conclibd as --plugin-dir.
function(conclib_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE conclib::plugin)
  set(directory "${CONCLIB_PLUGIN_OUTPUT_DIRECTORY}")
  if(NOT directory)
    set(directory "${CMAKE_BINARY_DIR}/plugins")
  endif()
  set_target_properties(${name} PROPERTIES
    PREFIX ""
    SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY "${directory}"
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  # What is missing is said by the linker and not by the daemon. A sanitizer's own symbols come from
  # the program.
  if(NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${name} PRIVATE LINKER:-z,defs)
  endif()
endfunction()
