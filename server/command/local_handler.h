// SPDX-License-Identifier: BSD-3-Clause
// LocalHandler: answers commands from the store of this process: looks ahead in a batch, and
// dispatches each command by its verb to the file of that command, in its dialect. Not parsing, not
// connections.
//
// Threads: one a worker, used on that worker's loop only; the store is shared by all.
// Ownership: everything in HandlerParts outlives the handler, and the store outlives every
// reply that a large value was given to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "protocol/handler.h"
#include "server/command/context.h"
#include "server/command/item_dumps.h"
#include "server/watch/watch_sessions.h"
#include "storage/store.h"

namespace ember::server::command {

class LocalHandler final : public protocol::Handler {
 public:
  using Options = HandlerOptions;

  LocalHandler(const HandlerParts& parts, const Options& options);

  protocol::Progress execute(protocol::Client& client, std::span<const protocol::Command> batch,
                             protocol::ReplyBuffer& reply) override;
  std::unique_ptr<protocol::IncomingValue> begin_value(protocol::Client& client,
                                                       const protocol::Command& command,
                                                       protocol::ReplyBuffer& reply) override;
  protocol::Progress finish_value(protocol::Client& client, const protocol::Command& command,
                                  std::unique_ptr<protocol::IncomingValue> value,
                                  protocol::ReplyBuffer& reply) override;
  void reported(protocol::Client& client) override;
  void forget(protocol::Client& client) override;

  /// Passes on lines for a watcher among the clients.
  void report(uint64_t watcher, std::string_view lines) { watchers_.report(watcher, lines); }

 private:
  /// Hashes the keys of `group`, and fetches the memory of their items ahead. `hashes` has room.
  void warm(std::span<const protocol::Command> group, std::span<storage::Hash> hashes) const;
  /// Does one command; chooses its dialect. `hash` is that of its key, if there is one.
  protocol::Next dispatch(const protocol::Command& command, storage::Hash hash,
                          protocol::ReplyBuffer& reply);
  protocol::Next dispatch_keyless(const protocol::Command& command, protocol::ReplyBuffer& reply);
  protocol::Next watch(const protocol::Command& command, protocol::ReplyBuffer& reply);

  /// Keys whose memory is fetched ahead together: enough to hide its latency, few enough that
  /// the first are still cached when their turn comes.
  static constexpr size_t kGroupSize = 32;

  ItemDumps dumps_;
  Context context_;
  WatchSessions watchers_;
};

}  // namespace ember::server::command
