// SPDX-License-Identifier: BSD-3-Clause
// Writer: makes drafts the items of their keys, and removes items: judges the rule of a write by
// the item that is there, gives the write its place in the order, and has it linked.
//
// Threads: any. Each call holds the lock of the key's bucket; a large draft was filled before.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "storage/core/core.h"
#include "storage/core/store_results.h"
#include "storage/link/linker.h"
#include "storage/link/thread_state.h"
#include "storage/read/verifier.h"
#include "storage/write/draft.h"

namespace ember::storage {

/// What must hold for a write, by whoever makes an item from another as well.
struct PublishRule : WriteRule {
  PublishRule() = default;
  explicit PublishRule(const WriteRule& rule) : WriteRule(rule) {}
  /// Only if this is still the key's item (null: no such condition).
  const Item* only_if = nullptr;
  /// With only_if: the new item takes the expiry that one has by now (it may have been touched).
  bool keep_exptime = false;
  bool stale = false;
};

/// `changed` (for only_if): the key's item is another one now; nothing was written.
struct Published : Written {
  bool changed = false;
};

class Writer {
 public:
  Writer(StoreCore& core, const Verifier& verifier, Linker& linker)
      : core_(core), verifier_(verifier), linker_(linker) {}

  /// Makes a full draft the item of its key, or drops it. Requires: the draft was granted; one with
  /// WriteRule::cas_new was planned as sequenced.
  Published publish(ThreadState& thread, Draft draft, const PublishRule& rule);

  /// Removes the key's item, if its CAS matches.
  Written remove(ThreadState& thread, std::string_view key, Hash hash,
                 std::optional<uint64_t> cas_compare);

  /// Ends all items there are, now or at second `when`. Their chunks are freed as they are met.
  void flush_all(UnixSeconds when);

 private:
  /// A write as judged by the item that is there.
  struct Judgement {
    uint64_t turn = 0;      // of the flush horizon, when it was judged
    uint64_t sequence = 0;  // in the order of writes
    bool older = false;     // accepted although its CAS is older
    bool won = false;       // what it replaces was won
  };
  Judgement judge(const Draft& draft, const Item* there, const PublishRule& rule,
                  Published& result);

  StoreCore& core_;
  const Verifier& verifier_;
  Linker& linker_;
};

}  // namespace ember::storage
