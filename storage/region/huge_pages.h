// SPDX-License-Identifier: BSD-3-Clause
// Huge pages: which pages of memory the system maps a region by, and the request for transparent
// ones. Not the arena's pages (slab/page_table.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ember::storage {

/// The pages of memory that the system maps a region by.
enum class PageKind : uint8_t {
  usual,        // 4 KiB
  transparent,  // huge ones where the system finds some, as the region is touched
  huge,         // huge ones, set aside for the region as a whole (hugetlb)
};

/// Returns "usual", "transparent" or "hugetlb", for the log.
std::string_view name_of(PageKind kind);

/// Asks the system to map `bytes` by transparent huge pages. `setting` is the file in
/// /sys/kernel/mm/transparent_hugepage that rules this kind of memory: "enabled" or
/// "shmem_enabled". Returns whether the system may do so.
/// Requires: `bytes` starts at a page of the system's. Cost: a few system calls.
bool ask_for_huge_pages(std::span<std::byte> bytes, const std::string& setting);

}  // namespace ember::storage
