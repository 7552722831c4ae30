// SPDX-License-Identifier: BSD-3-Clause
// Takeover: whether a persistent region's content can be taken over from the process that had it
// before: the table "which stop brings back what" of storage/README.md, as code. It judges and
// changes nothing; what is then found in the region is Recovery's.
#pragma once

#include <string>

#include "base/clock.h"
#include "storage/media/superblock.h"

namespace ember::storage {

struct Takeover {
  bool warm = false;        // what is in the region counts
  bool blank = false;       // it is new
  std::string reason;       // in words, for the log and for `stats ember`
  bool ours = false;        // a superblock of Ember's is there, so there was a stop:
  bool graceful = false;    // of which kind
  UnixSeconds noted = 0;    // the latest time the earlier process is known to have seen
  SuperblockRecord record;  // its record if warm; else a new one with only identity and geometry
};

/// Returns the judgement, at time `now`. Reads only. A region that is not persistent is neither
/// warm nor blank, and gets the usual geometry. The region's bytes may be anything. Requires: a
/// persistent region has at least Superblock::kSize.
Takeover judge_region(MemoryRegion& region, UnixSeconds now);

}  // namespace ember::storage
