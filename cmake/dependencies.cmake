# SPDX-License-Identifier: BSD-3-Clause
# The libraries Ember stands on, each from Debian's packages (tools/packages lists them).

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(gflags REQUIRED COMPONENTS shared)
pkg_check_modules(uring REQUIRED IMPORTED_TARGET liburing)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(pmem2 REQUIRED IMPORTED_TARGET libpmem2)
pkg_check_modules(pmemobj REQUIRED IMPORTED_TARGET libpmemobj)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
pkg_check_modules(crypto REQUIRED IMPORTED_TARGET libcrypto)
if(EMBER_TESTS)
  find_package(GTest REQUIRED)
endif()
if(EMBER_BENCH)
  find_package(benchmark REQUIRED)
endif()
