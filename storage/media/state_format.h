// SPDX-License-Identifier: BSD-3-Clause
// state_format: the bytes of a state file, beyond what libpmemobj puts there by itself.
//
//     file | head 8 KiB | lanes 3 MiB | heap: directory, sections | ...   a libpmemobj pool
//     root object   StateRoot (state_pool.h): the directory's object
//     directory     StateDirectory, then StateSection for each section
//     section       raw bytes at a multiple of 4096
//
// The head is libpmemobj's (pool header and descriptor: signature, layout's name, identity of the
// pool). Offsets count from the start of the file, which is the start of the pool.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"

namespace ember::storage {

/// The pool's name for what is in it (`pmempool info` shows it).
inline constexpr const char* kStateLayout = "ember-state";

/// Pool header and descriptor, each of 4 KiB.
inline constexpr size_t kStateHeadSize = 8 * kKiB;
inline constexpr size_t kStateAlignment = 4 * kKiB;
inline constexpr size_t kStateMaxSections = 4096;
/// A section lies in one object, and an object in one zone of libpmemobj's heap, of 16 GiB.
inline constexpr size_t kStateMaxSectionSize = 15 * kGiB;
inline constexpr uint32_t kStateLayoutVersion = 1;
inline constexpr std::array<char, 8> kStateMagic = {'E', 'M', 'B', 'S', 'T', 'A', 'T', 'E'};

struct StateDirectory {
  std::array<char, 8> magic;
  uint32_t layout_version;
  uint32_t section_count;
  uint64_t file_id;
  uint64_t stop_id;
  uint32_t format_version;
  uint32_t zero;
  uint64_t pool_size;
};

struct StateSection {
  uint64_t offset;
  uint64_t size;
  uint64_t checksum;  // XXH3 of the bytes
};

static_assert(std::is_trivially_copyable_v<StateDirectory> && sizeof(StateDirectory) == 48);
static_assert(std::is_trivially_copyable_v<StateSection> && sizeof(StateSection) == 24);
static_assert(std::has_unique_object_representations_v<StateDirectory>);

constexpr size_t state_directory_size(size_t section_count) {
  return sizeof(StateDirectory) + (section_count * sizeof(StateSection));
}

}  // namespace ember::storage
