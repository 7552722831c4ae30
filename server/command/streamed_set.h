// SPDX-License-Identifier: BSD-3-Clause
// StreamedSet: a storage command whose value arrives in parts: what begins when its line is there,
// and ends when all of the value is. The key is hashed and the request made once, at the
// beginning; a value goes straight into the item's own chunks, or, when it is to be joined with
// another, into memory of its own. What both have in common with a whole value is in set.h.
//
// Threads: the worker's. Ownership: one a session at most, which owns it; the handler's Context and
// the dialect outlive it.
#pragma once

#include <memory>

#include "protocol/command.h"
#include "protocol/handler.h"
#include "protocol/reply_buffer.h"
#include "server/command/context.h"
#include "server/command/dialect.h"
#include "server/command/store_request.h"

namespace ember::server::command {

class StreamedSet : public protocol::IncomingValue {
 public:
  /// Begins a storage command. Returns null when its value finds no room: `reply` has the answer.
  static std::unique_ptr<StreamedSet> begin(const Context& context, const Dialect& dialect,
                                            const protocol::Command& command,
                                            protocol::ReplyBuffer& reply);

  /// Ends it: the value is stored and the command answered. Requires: all of the value is written;
  /// `command` is the one it began with, its views wherever they are now.
  void finish(const Context& context, const protocol::Command& command,
              protocol::ReplyBuffer& reply);

 protected:
  StreamedSet(const Dialect& dialect, const StoreRequest& request)
      : dialect_(dialect), request_(request) {}
  const StoreRequest& request() const { return request_; }

 private:
  virtual StoreResult store(const Context& context, const protocol::Command& command) = 0;

  const Dialect& dialect_;
  const StoreRequest request_;
};

}  // namespace ember::server::command
