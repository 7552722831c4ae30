// SPDX-License-Identifier: BSD-3-Clause
#include "tests/dax/known_value.h"

#include <fmt/format.h>

#include "base/numbers.h"
#include "bench/random.h"

namespace ember::dax {

namespace {

uint64_t hash_of(std::string_view name) {
  uint64_t hash = name.size();
  for (const char byte : name) hash = bench::mix(hash ^ static_cast<unsigned char>(byte));
  return hash;
}

}  // namespace

uint32_t flags_of(std::string_view name) { return static_cast<uint32_t>(hash_of(name)); }

std::string make_value(std::string_view name, size_t size) {
  std::string value(name);
  value += '|';
  value.reserve(size);
  bench::Random bytes(hash_of(name));
  while (value.size() < size) {
    uint64_t word = bytes.next();
    for (int i = 0; i < 8 && value.size() < size; ++i, word >>= 8) {
      value += static_cast<char>(word & 0xff);
    }
  }
  return value;
}

std::string describe_value(std::string_view value, uint32_t flags) {
  const size_t bar = value.substr(0, 64).find('|');
  if (bar == std::string_view::npos) {
    const auto number = parse_u64(value);
    if (!number) return fmt::format("torn:no-name-in-{}-bytes", value.size());
    return flags == 0 ? std::string(value) : "torn:flags-of-a-counter";
  }
  const std::string_view name = value.substr(0, bar);
  const size_t dot = name.rfind('.');
  const auto size = parse_u64(dot == std::string_view::npos ? name : name.substr(dot + 1));
  if (!size || *size != value.size()) return fmt::format("torn:{}:size-{}", name, value.size());
  const std::string whole = make_value(name, value.size());
  if (whole != value) {
    size_t at = 0;
    while (whole[at] == value[at]) ++at;
    return fmt::format("torn:{}:from-byte-{}", name, at);
  }
  if (flags != flags_of(name)) return fmt::format("torn:{}:flags-{}", name, flags);
  return std::string(name);
}

}  // namespace ember::dax
