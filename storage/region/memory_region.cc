// SPDX-License-Identifier: BSD-3-Clause
#include "storage/region/memory_region.h"

#include <fmt/format.h>

#include "base/check.h"

namespace ember::storage {

std::span<const std::byte> MemoryRegion::view(size_t offset, std::span<std::byte> room) {
  const std::span<std::byte> all = whole();
  debug_check(offset <= all.size() && room.size() <= all.size() - offset,
              "what is read of a region lies within it");
  return all.subspan(offset, room.size());
}

Result<void> MemoryRegion::grow(size_t size) {
  debug_check(size > capacity(), "a region grows within its capacity by itself");
  return fail(
      fmt::format("{} MiB cannot be had: this process can grow to {} MiB; restart it with a "
                  "larger -m",
                  size / kMiB, capacity() / kMiB));
}

}  // namespace ember::storage
