// SPDX-License-Identifier: BSD-3-Clause
// LocalHandler: answers commands from the store of this process. Not parsing, not connections.
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
  /// Keys whose memory is fetched ahead together: enough to hide its latency, few enough that
  /// the first are still cached when their turn comes.
  static constexpr size_t kGroupSize = 32;

  void warm(std::span<const protocol::Command> group, std::span<storage::Hash> hashes) const;
  protocol::Next dispatch(const protocol::Command& command, storage::Hash hash,
                          protocol::ReplyBuffer& reply);
  protocol::Next dispatch_keyless(const protocol::Command& command, protocol::ReplyBuffer& reply);
  protocol::Next watch(const protocol::Command& command, protocol::ReplyBuffer& reply);

  ItemDumps dumps_;
  Context context_;
  WatchSessions watchers_;
};

}  // namespace ember::server::command
