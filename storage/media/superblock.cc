// SPDX-License-Identifier: BSD-3-Clause
#include "storage/media/superblock.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/check.h"
#include "base/fd.h"
#include "base/numbers.h"

namespace ember::storage {
namespace {

uint64_t checksum_of(const SuperblockRecord& record) {
  return XXH3_64bits(&record, offsetof(SuperblockRecord, checksum));
}

bool is_intact(const SuperblockRecord& record) {
  return record.magic == SuperblockRecord::kMagic && record.format == kMediaFormat &&
         record.checksum == checksum_of(record);
}

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

// The time and its complement in one word: half a word written is not believed.
uint64_t time_word(UnixSeconds now) { return uint64_t{~now} << 32 | now; }

}  // namespace

SuperblockFinding Superblock::find(std::span<const std::byte> bytes) {
  check(bytes.size() >= kSize, "a superblock is looked for where it fits");
  SuperblockFinding finding;
  bool newer = false;
  for (const size_t place : {size_t{0}, kSecondCopy}) {
    const auto record = load_unaligned<SuperblockRecord>(bytes.data() + place);
    if (record.magic != SuperblockRecord::kMagic) {
      continue;
    }
    if (record.format > kMediaFormat) {
      newer = true;  // its checksum may stand elsewhere
    } else if (is_intact(record) && (finding.kind != SuperblockFinding::found ||
                                     record.version > finding.record.version)) {
      finding = {SuperblockFinding::found, record};
    }
  }
  if (finding.kind != SuperblockFinding::found) {
    const bool blank = all_zero(bytes.first(kSize));
    finding.kind = blank   ? SuperblockFinding::blank
                   : newer ? SuperblockFinding::newer
                           : SuperblockFinding::foreign;
  }
  return finding;
}

UnixSeconds Superblock::noted_time(std::span<const std::byte> bytes) {
  check(bytes.size() >= kSize, "a time is looked for in a whole superblock");
  const auto word = load_unaligned<uint64_t>(bytes.data() + kTimePlace);
  const auto time = static_cast<UnixSeconds>(word);
  return word == time_word(time) ? time : 0;
}

void Superblock::write() {
  check(region_.bytes().size() >= kSize, "a region has room for its superblock");
  check(record.version >= written_version_, "the version of a superblock only grows");
  written_version_ = ++record.version;
  record.checksum = checksum_of(record);
  Persist* const persist = region_.persist();
  // A write that was cut off may have left the second copy damaged: then the first is all there is.
  const auto copy_is_intact = [&](size_t place) {
    return is_intact(load_unaligned<SuperblockRecord>(region_.bytes().data() + place));
  };
  const bool second_first = copy_is_intact(0) && !copy_is_intact(kSecondCopy);
  for (const bool second : {second_first, !second_first}) {
    const size_t place = second ? kSecondCopy : 0;
    const std::span<std::byte> copy = region_.bytes().subspan(place, sizeof(record));
    store_unaligned(copy.data(), record);
    if (persist != nullptr) {
      persist->flush(copy);
      persist->fence();
    }
  }
}

void Superblock::note_time(MemoryRegion& region, UnixSeconds now) {
  std::byte* const place = region.bytes().data() + kTimePlace;
  check(reinterpret_cast<uintptr_t>(place) % sizeof(uint64_t) == 0, "a time is one store");
  __atomic_store_n(reinterpret_cast<uint64_t*>(place), time_word(now), __ATOMIC_RELAXED);
  if (Persist* const persist = region.persist(); persist != nullptr) {
    persist->flush({place, sizeof(uint64_t)});
    persist->fence();
  }
}

BootId boot_id() {
  BootId id{};
  std::array<char, 36> text{};
  const Fd file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  if (!file || ::read(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return id;
  }
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  std::memcpy(id.data(), &hash, id.size());
  return id;
}

uint64_t random_id() {
  uint64_t id = 0;
  while (id == 0) {
    if (::getrandom(&id, sizeof(id), 0) != sizeof(id)) {
      id = 0;
    }
  }
  return id;
}

}  // namespace ember::storage
