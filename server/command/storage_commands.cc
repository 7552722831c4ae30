// SPDX-License-Identifier: BSD-3-Clause
// storage_commands: see the header.
#include "server/command/storage_commands.h"

#include <utility>

#include "base/check.h"
#include "protocol/classic_reply.h"
#include "protocol/meta_reply.h"
#include "server/command/binary_commands.h"
#include "server/command/incoming_value.h"
#include "server/command/store_request.h"

namespace ember::server::command {
namespace {

using protocol::Command;
using protocol::IncomingValue;
using protocol::ReplyBuffer;
using protocol::Verb;
using storage::Outcome;

/// Meta commands do not count by prefix: as in memcached.
void note_set(const Context& context, const Command& command) {
  if (command.verb != Verb::ms) {
    context.prefixes.set(command.key);
  }
}

/// The answer of a failure that is an error in both dialects; empty when it is none.
std::string_view error_line(const StoreResult& result) {
  if (result.written.outcome == Outcome::no_memory) {
    return protocol::kNoMemory;
  }
  // Two values too large together only: memcached does not call that an error.
  return result.written.outcome == Outcome::too_large && result.refused ? protocol::kTooLarge : "";
}

std::string_view classic_line(const StoreResult& result) {
  switch (result.written.outcome) {
    case Outcome::stored:
      return "STORED";
    case Outcome::exists:
      return "EXISTS";
    case Outcome::not_found:
      return "NOT_FOUND";
    default:
      return "NOT_STORED";
  }
}

std::string_view meta_code(const StoreResult& result) {
  switch (result.written.outcome) {
    case Outcome::stored:
      return "HD";
    case Outcome::exists:
      return "EX";
    case Outcome::not_found:
      return "NF";
    default:
      return "NS";
  }
}

void answer_meta_set(const Context& context, const Command& command, const StoreResult& result,
                     ReplyBuffer& reply) {
  const bool stored = result.written.outcome == Outcome::stored;
  if (stored && command.meta.has('q')) {
    return;
  }
  const auto write_flag = [&](char flag, protocol::LineWriter& line) {
    if (flag == 'c') {
      line.flag('c').number(stored ? context.visible_cas(result.written.cas) : 0);
    } else if (flag == 's') {
      line.flag('s').number(result.value_size);
    }
  };
  append_meta_line(command, meta_code(result), write_flag, reply);
}

void answer_store(const Context& context, const Command& command, const StoreResult& result,
                  ReplyBuffer& reply) {
  if (command.is_binary) {
    answer_binary_store(context, command, result, reply);
    return;
  }
  const std::string_view error = error_line(result);
  if (!error.empty()) {
    answer(command, error, reply);
  } else if (command.verb == Verb::ms) {
    answer_meta_set(context, command, result, reply);
  } else {
    answer(command, classic_line(result), reply);
  }
}

}  // namespace

void store_value(Context& context, const Command& command, storage::Hash hash, ReplyBuffer& reply) {
  note_set(context, command);
  if (!command.value_complete) {
    answer(command, protocol::kBadDataChunk, reply);
    return;
  }
  answer_store(context, command, store_whole(context, command, hash), reply);
}

std::unique_ptr<IncomingValue> begin_storing(Context& context, const Command& command,
                                             ReplyBuffer& reply) {
  note_set(context, command);
  const storage::Hash hash = storage::hash_key(command.key);
  const StoreRequest request = store_request(context, command);
  Outcome outcome = Outcome::too_large;
  if (request.end) {
    if (!exceeds_item_size(context, command)) {
      return std::make_unique<JoinedValue>(command.value_size);
    }
  } else {
    storage::Draft draft = draft_value(context, command, hash, request);
    outcome = draft.outcome();
    if (outcome == Outcome::stored) {
      return std::make_unique<DraftedValue>(std::move(draft));
    }
  }
  answer_store(context, command, refuse(context, command, hash, outcome), reply);
  return nullptr;
}

void finish_storing(Context& context, const Command& command, std::unique_ptr<IncomingValue> value,
                    ReplyBuffer& reply) {
  check(value != nullptr, "finish_value needs the value that begin_value gave");
  if (!command.value_complete) {
    answer(command, protocol::kBadDataChunk, reply);
    return;
  }
  const StoreRequest request = store_request(context, command);
  if (request.end) {
    auto& joined = static_cast<JoinedValue&>(*value);
    const storage::Hash hash = storage::hash_key(command.key);
    answer_store(context, command, join(context, command, hash, request, joined.bytes()), reply);
  } else {
    auto& drafted = static_cast<DraftedValue&>(*value);
    answer_store(context, command, publish(context, command, request, drafted.take()), reply);
  }
}

}  // namespace ember::server::command
