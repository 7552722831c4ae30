// SPDX-License-Identifier: BSD-3-Clause
// dax-probe: what libpmem2 makes of a file, without Ember; so that a test can tell whether the test
// machine is what it claims to be.
//
//   dax-probe FILE MIB write   maps the file, fills it with words that follow from their place
//   dax-probe FILE MIB check   maps it and looks whether they are there
//
// Prints `granularity byte|cache_line|page` and, for check, `whole`. FILE may be a devdax device.
#include <fcntl.h>
#include <fmt/format.h>
#include <libpmem2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/fd.h"
#include "base/numbers.h"
#include "base/result.h"
#include "bench/random.h"

namespace ember::dax {

namespace {

struct Mapping {
  pmem2_map* map = nullptr;
  uint64_t size = 0;
};

using Words = std::array<uint64_t, 512>;

Words words_at(uint64_t offset) {
  Words words;
  bench::Random random(offset);
  for (uint64_t& word : words) word = random.next();
  return words;
}

std::unexpected<Error> fail_pmem2(std::string_view what) {
  return fail(fmt::format("{}: {}", what, pmem2_errormsg()));
}

Result<Fd> open_file(const char* path, uint64_t size) {
  Fd fd(::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return fail_errno(fmt::format("cannot open {}", path), errno);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail_errno("cannot stat the file", errno);
  if (!S_ISREG(status.st_mode)) return fd;
  const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(size));
  if (error != 0) return fail_errno(fmt::format("no room for {} bytes", size), error);
  return fd;
}

Result<Mapping> map_file(const Fd& fd, uint64_t size) {
  pmem2_config* config = nullptr;
  pmem2_source* source = nullptr;
  if (pmem2_config_new(&config) != 0) return fail_pmem2("cannot make a configuration");
  if (pmem2_source_from_fd(&source, fd.get()) != 0) return fail_pmem2("cannot use the file");
  Mapping mapping{.size = size};
  if (pmem2_config_set_length(config, size) != 0 ||
      pmem2_config_set_required_store_granularity(config, PMEM2_GRANULARITY_PAGE) != 0 ||
      pmem2_map_new(&mapping.map, config, source) != 0) {
    return fail_pmem2("cannot map the file");
  }
  pmem2_source_delete(&source);
  pmem2_config_delete(&config);
  return mapping;
}

std::string_view granularity_of(const Mapping& mapping) {
  switch (pmem2_map_get_store_granularity(mapping.map)) {
    case PMEM2_GRANULARITY_BYTE:
      return "byte";
    case PMEM2_GRANULARITY_CACHE_LINE:
      return "cache_line";
    case PMEM2_GRANULARITY_PAGE:
      return "page";
  }
  return "unknown";
}

void fill(const Mapping& mapping) {
  auto* to = static_cast<char*>(pmem2_map_get_address(mapping.map));
  const auto copy = pmem2_get_memcpy_fn(mapping.map);
  for (uint64_t offset = 0; offset < mapping.size; offset += sizeof(Words)) {
    const Words words = words_at(offset);
    copy(to + offset, words.data(), sizeof words, 0);
  }
}

Result<void> check(const Mapping& mapping) {
  const auto* from = static_cast<const char*>(pmem2_map_get_address(mapping.map));
  for (uint64_t offset = 0; offset < mapping.size; offset += sizeof(Words)) {
    const Words words = words_at(offset);
    if (std::memcmp(from + offset, words.data(), sizeof words) != 0) {
      return fail(fmt::format("what was written at {} is not there", offset));
    }
  }
  return {};
}

Result<void> act(const char* path, uint64_t size, std::string_view verb) {
  const auto fd = open_file(path, size);
  if (!fd) return std::unexpected(fd.error());
  auto mapping = map_file(*fd, size);
  if (!mapping) return std::unexpected(mapping.error());
  fmt::print("granularity {}\n", granularity_of(*mapping));
  if (verb == "write") {
    fill(*mapping);
  } else {
    if (auto whole = check(*mapping); !whole) return whole;
    fmt::print("whole\n");
  }
  pmem2_map_delete(&mapping->map);
  return {};
}

}  // namespace

}  // namespace ember::dax

int main(int argc, char** argv) {
  const auto mebibytes = argc == 4 ? ember::parse_u64(argv[2]) : std::nullopt;
  const std::string_view verb = argc == 4 ? argv[3] : "";
  if (!mebibytes || (verb != "write" && verb != "check")) {
    fmt::print(stderr, "usage: dax-probe FILE MIB write|check\n");
    return 2;
  }
  const auto done = ember::dax::act(argv[1], *mebibytes << 20, verb);
  if (!done) fmt::print(stderr, "dax-probe: {}\n", done.error().message);
  return done ? 0 : 1;
}
