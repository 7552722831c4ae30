# SPDX-License-Identifier: BSD-3-Clause
# Warnings are errors; sanitizers and fuzzing by cache variable; LTO in release.

add_library(ember_options INTERFACE)
target_compile_options(ember_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough -Werror
  # Designated initialisers leave out what keeps its default: that is what they are for.
  -Wno-missing-field-initializers
  $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-designated-field-initializers>
  # g++ 12 sees overlaps in std::string's operator+ that are none (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety -Wthread-safety-beta>
  -fno-omit-frame-pointer)
target_include_directories(ember_options INTERFACE ${CMAKE_SOURCE_DIR})
target_link_libraries(ember_options INTERFACE fmt::fmt Threads::Threads)

# Bounds checks of the standard library: kept wherever it costs nothing measurable.
target_compile_definitions(ember_options INTERFACE
  $<$<NOT:$<CONFIG:Release>>:_GLIBCXX_ASSERTIONS>
  # debug_check (base/check.h).
  $<$<NOT:$<CONFIG:Release>>:EMBER_DEBUG_CHECKS=1>)

# lld links a sanitizer's test program in a second; the system's linker takes five.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_link_options(ember_options INTERFACE -fuse-ld=lld)
endif()

if(EMBER_SANITIZE)
  # Without vptr: it opens a pipe to look at memory, and fails where a test has used up all files.
  target_compile_options(ember_options INTERFACE
    -fsanitize=${EMBER_SANITIZE} -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=vptr>)
  target_link_options(ember_options INTERFACE -fsanitize=${EMBER_SANITIZE})
endif()

if(EMBER_FUZZ)
  target_compile_options(ember_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(ember_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  include(CheckIPOSupported)
  check_ipo_supported(RESULT ember_has_lto OUTPUT ember_lto_output LANGUAGES CXX)
  if(ember_has_lto)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    # Link-time optimisation is for what is shipped. Tests link the same objects' machine code: writing
    # it too is a seventh more to compile, and optimising thirty test programs was half of the build.
    if(EMBER_TESTS AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(ember_options INTERFACE -ffat-lto-objects)
    endif()
  endif()
endif()
