// SPDX-License-Identifier: BSD-3-Clause
// Dialect: how classic text, meta and binary commands differ where they do the same: what a command
// that stores, counts or deletes asks of the store, and the bytes that answer it. A command is done
// once, in set, arithmetic or delete; the dispatch of local_handler says in which dialect. Not the
// commands that only one dialect has, or that are hot in it (get, mg, touch ...): those write their
// answers themselves.
//
// There are three: classic_dialect.h, meta_dialect.h, binary_dialect.h.
//
// Threads: any; a dialect has no state.
// Cost: two calls through a pointer a command.
#pragma once

#include "protocol/command.h"
#include "protocol/reply_buffer.h"
#include "server/command/arithmetic_request.h"
#include "server/command/context.h"
#include "server/command/delete_request.h"
#include "server/command/store_request.h"

namespace ember::server::command {

struct Dialect {
  /// Whether `stats detail` counts its sets and deletes. As in memcached, those of meta commands
  /// are not.
  bool counts_prefixes;

  // What a command asks. The requests have no views into the command.
  StoreRequest (*store_request)(const Context& context, const protocol::Command& command);
  ArithmeticRequest (*arithmetic_request)(const Context& context, const protocol::Command& command);
  DeleteRequest (*delete_request)(const Context& context, const protocol::Command& command);

  // How it is answered. Nothing is appended where the command wants no such answer.
  void (*answer_store)(const Context& context, const protocol::Command& command,
                       const StoreResult& result, protocol::ReplyBuffer& reply);
  void (*answer_arithmetic)(const Context& context, const protocol::Command& command,
                            const Number& number, protocol::ReplyBuffer& reply);
  void (*answer_delete)(const protocol::Command& command, storage::Outcome outcome,
                        protocol::ReplyBuffer& reply);
};

}  // namespace ember::server::command
