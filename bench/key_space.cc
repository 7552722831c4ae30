// SPDX-License-Identifier: BSD-3-Clause
#include "bench/key_space.h"

#include <fmt/format.h>

#include <cstring>

#include "base/check.h"
#include "bench/random.h"

namespace ember::bench {

Result<KeySpace> KeySpace::make(SizeDistribution sizes, uint64_t count) {
  const size_t needed = 1 + fmt::formatted_size("{}", count - 1);
  if (sizes.min() < needed || sizes.max() > kMaxKeySize) {
    return fail(fmt::format("{} keys need sizes from {} to {}", count, needed, kMaxKeySize));
  }
  return KeySpace(std::move(sizes));
}

size_t KeySpace::size_of(uint64_t index) const { return sizes_.draw(mix(index ^ 0x6b6579)); }

char* KeySpace::write(char* to, uint64_t index) const {
  char* const end = to + size_of(index);
  *to = 'k';
  char* at = end;
  do {
    *--at = static_cast<char>('0' + index % 10);
    index /= 10;
  } while (index != 0);
  debug_check(at > to, "a key has room for its number");
  std::memset(to + 1, '0', static_cast<size_t>(at - to - 1));
  return end;
}

std::optional<uint64_t> KeySpace::index_of(std::string_view key) const {
  if (key.size() < 2 || key[0] != 'k') {
    return std::nullopt;
  }
  uint64_t index = 0;
  for (const char letter : key.substr(1)) {
    const auto digit = static_cast<unsigned char>(letter - '0');
    if (digit > 9) {
      return std::nullopt;
    }
    index = index * 10 + digit;
  }
  return key.size() == size_of(index) ? std::optional(index) : std::nullopt;
}

}  // namespace ember::bench
