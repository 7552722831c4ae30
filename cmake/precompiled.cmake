# SPDX-License-Identifier: BSD-3-Clause
# The standard library's headers, parsed once and used by every target (EMBER_PCH, the debug preset):
# ember_precompiled(TARGET) for a layer, ember_precompiled_tests(TARGET) for what includes gtest too.
# Reading headers is half of what compiling a file without optimisation takes. A file still includes
# what it uses: the other presets have no precompiled headers.

set(ember_std_headers
  <algorithm> <array> <atomic> <chrono> <cstdint> <cstring> <expected> <functional> <map> <memory> <mutex>
  <optional> <span> <string> <string_view> <thread> <utility> <vector> <fmt/format.h>)

# ember_add_precompiled(NAME header...): a target that others take the precompiled headers from.
function(ember_add_precompiled name)
  file(WRITE ${CMAKE_BINARY_DIR}/${name}.cc "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cc)
  target_precompile_headers(${name} PRIVATE ${ARGN})
  # The file has its own path inside, which a cache shared by several checkouts may not hand on.
  set_target_properties(${name} PROPERTIES CXX_COMPILER_LAUNCHER "" UNITY_BUILD OFF)
endfunction()

if(EMBER_PCH)
  # Without a time inside, so that the same headers make the same file, and ccache knows it again.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
  ember_add_precompiled(ember_pch ${ember_std_headers})
  target_link_libraries(ember_pch PRIVATE ember_options)
  if(EMBER_TESTS)
    ember_add_precompiled(ember_pch_tests ${ember_std_headers} <random> <set> <gtest/gtest.h>)
    target_link_libraries(ember_pch_tests PRIVATE ember_options GTest::gtest)
  endif()
endif()

function(ember_precompiled target)
  if(EMBER_PCH)
    target_precompile_headers(${target} REUSE_FROM ember_pch)
  endif()
endfunction()

function(ember_precompiled_tests target)
  if(EMBER_PCH)
    target_precompile_headers(${target} REUSE_FROM ember_pch_tests)
  endif()
endfunction()
