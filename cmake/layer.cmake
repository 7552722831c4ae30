# SPDX-License-Identifier: BSD-3-Clause
# One folder, one static library: ember_layer(NAME [DEPENDS layer ...] [LIBRARIES target ...]).
# Sources are every .cc file of the folder itself (not of its subfolders). The global property
# EMBER_LAYERS lists the layers there are. With EMBER_UNITY the files of a folder are compiled together:
# what their unnamed namespaces hold then needs different names.

# Files whose unnamed namespaces hold names of their neighbours', or shadow them.
set(EMBER_COMPILED_ALONE
  protocol/login_request.cc
  server/auth/sasl_plain.cc
  server/command/binary_dialect.cc
  server/command/classic_dialect.cc
  server/command/command_log.cc
  server/command/crawler_commands.cc
  server/command/memory_commands.cc
  server/command/meta_dialect.cc
  server/command/store_request.cc
  server/net/uring_poller.cc
  server/options/options.cc
  server/options/suboptions.cc
  server/settings_report.cc)
list(TRANSFORM EMBER_COMPILED_ALONE PREPEND ${CMAKE_SOURCE_DIR}/)

function(ember_layer name)
  cmake_parse_arguments(layer "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  set_property(GLOBAL APPEND PROPERTY EMBER_LAYERS ${name})
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ember_options ${layer_DEPENDS} ${layer_LIBRARIES})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  set_source_files_properties(${EMBER_COMPILED_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  ember_precompiled(${name})
  target_link_libraries(${name} PUBLIC ember_options ${layer_DEPENDS} ${layer_LIBRARIES})
endfunction()
