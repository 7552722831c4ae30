// SPDX-License-Identifier: BSD-3-Clause
#include "storage/media/takeover.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "storage/slab/page_layout.h"

namespace ember::storage {
namespace {

// A write each nanosecond takes centuries to get there.
constexpr uint64_t kMostWrites = uint64_t{1} << 63;

bool figures_possible(const SuperblockRecord& record) {
  return is_page_size(record.page_size) && record.arena_size % kMiB == 0 && record.file_id != 0 &&
         record.cas < kMostWrites && record.flush_horizon <= record.cas;
}

/// Returns why the content that an intact record tells of is lost, or nothing.
std::string why_lost(const SuperblockRecord& record, bool flushes_now) {
  if (!figures_possible(record)) {
    return "its superblock tells of figures that cannot be";
  }
  // Without /proc nothing tells one boot from another.
  const bool same_boot = record.boot_id == boot_id() && record.boot_id != BootId();
  if (same_boot || record.media == SuperblockRecord::flushed) {
    return {};
  }
  if (record.state == SuperblockRecord::stopped && record.synced != 0) {
    return {};
  }
  const std::string remedy = flushes_now
                                 ? "from now on the file is on persistent memory and survives that"
                                 : "only persistent memory survives that, or a graceful stop with "
                                   "--memory-file-sync";
  return record.state == SuperblockRecord::stopped
             ? fmt::format(
                   "the host was restarted after the stop, and the file had not been written "
                   "to its device; {}",
                   remedy)
             : fmt::format("the host went down while the file was in use; {}", remedy);
}

}  // namespace

Takeover judge_region(MemoryRegion& region, UnixSeconds now) {
  Takeover takeover;
  const size_t size = region.bytes().size();
  takeover.record.page_size = static_cast<uint32_t>(page_size_for(size));
  if (!region.persistent()) {
    return takeover;
  }
  takeover.record.file_id = random_id();
  const SuperblockFinding finding = Superblock::find(region.bytes());
  switch (finding.kind) {
    case SuperblockFinding::blank:
      takeover.blank = true;
      takeover.reason = "the file is new";
      break;
    case SuperblockFinding::foreign:
      takeover.reason =
          "it does not begin with a superblock of Ember's, or both copies are damaged";
      break;
    case SuperblockFinding::newer:
      takeover.reason =
          fmt::format("it was written by a newer Ember; this one knows format {}", kMediaFormat);
      break;
    case SuperblockFinding::found:
      takeover.reason = why_lost(finding.record, region.persist() != nullptr);
      takeover.warm = takeover.reason.empty();
      takeover.ours = true;
      takeover.graceful = finding.record.state == SuperblockRecord::stopped;
      break;
  }
  check(!takeover.warm || (takeover.ours && !takeover.blank), "only what Ember left is warm");
  if (takeover.warm) {
    takeover.record = finding.record;
    takeover.noted =
        std::max({now, Superblock::noted_time(region.bytes()), finding.record.written});
  }
  check(is_page_size(takeover.record.page_size),
        "a store is opened with pages of a size that pages can have");
  return takeover;
}

}  // namespace ember::storage
