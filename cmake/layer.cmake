# SPDX-License-Identifier: BSD-3-Clause
# One folder, one static library: ember_layer(NAME [DEPENDS layer ...] [LIBRARIES target ...]).
# Sources are every .cc file of the folder itself (not of its subfolders). The global property
# EMBER_LAYERS lists the layers there are.

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
  target_link_libraries(${name} PUBLIC ember_options ${layer_DEPENDS} ${layer_LIBRARIES})
endfunction()
