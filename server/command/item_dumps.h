// SPDX-License-Identifier: BSD-3-Clause
// ItemDumps: lists of the store's items that clients of one worker are being sent: metadump,
// mgdump, cachedump. A list goes out a few items a turn, and waits while its client's reply is
// full: so it holds up no other client, and costs the memory of one reply. Not which list a client
// may have (crawler_commands.h).
//
// Threads: one object a worker, on its loop. Ownership: refers to a client until its list has
// ended, or forget().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "protocol/handler.h"
#include "protocol/reply_buffer.h"
#include "storage/dump.h"

namespace ember::server::command {

struct Context;

enum class DumpForm : uint8_t {
  meta,   // lru_crawler metadump: key=... exp=... la=...
  mg,     // lru_crawler mgdump: mg commands that fetch the items
  cache,  // stats cachedump: ITEM key [n b; t s]
};

struct DumpRequest {
  DumpForm form = DumpForm::meta;
  /// Nothing: every item.
  std::optional<storage::ClassSet> classes;
  /// 0: no limit.
  uint64_t most_items = 0;
};

class ItemDumps {
 public:
  /// Clients of a worker that may get lists at one time.
  static constexpr size_t kMost = 16;
  /// Bytes of a cachedump at most, as in memcached.
  static constexpr size_t kMostCacheBytes = 2 * 1024 * 1024;

  bool under_way(const protocol::Client& client) const { return dumps_.contains(&client); }
  bool full() const { return dumps_.size() >= kMost; }

  /// Requires: !full(), and the client has no list under way.
  void begin(const protocol::Client& client, const DumpRequest& request);
  /// Appends the next items. Returns Next::again until the list has ended. Requires: the client has
  /// a list under way.
  protocol::Next go_on(const Context& context, const protocol::Client& client,
                       protocol::ReplyBuffer& reply);
  void forget(const protocol::Client& client) { dumps_.erase(&client); }

 private:
  struct Dump {
    DumpRequest request;
    storage::DumpCursor cursor;
    uint64_t items = 0;
    size_t bytes = 0;
  };
  static bool complete(const Dump& dump);

  std::unordered_map<const protocol::Client*, Dump> dumps_;
  std::vector<storage::DumpedItem> found_;  // empty between calls
};

}  // namespace ember::server::command
