// SPDX-License-Identifier: BSD-3-Clause
// sasl_gate: see the header. Which command is answered how was compared with memcached 1.6.18.
#include "server/auth/sasl_gate.h"

#include <array>
#include <string>
#include <utility>

#include "base/check.h"
#include "protocol/binary_header.h"

namespace ember::server {
namespace {

using protocol::Command;
using protocol::Next;
using protocol::Opcode;
using protocol::Progress;
using protocol::ReplyBuffer;
using protocol::Status;
using protocol::Verb;

/// The longest name of a mechanism, as in memcached.
constexpr size_t kMaxMechanismSize = 32;

bool is_sasl(const Command& command) {
  return command.verb == Verb::sasl_list_mechs || command.verb == Verb::sasl_auth ||
         command.verb == Verb::sasl_step;
}

/// The opcodes that are answered before a client has authenticated. By opcode, not by verb, so that
/// the answer to a malformed one says what is wrong with it.
bool is_open_to_all(const Command& command) {
  if (!command.is_binary) {
    return false;
  }
  switch (static_cast<Opcode>(command.binary.opcode)) {
    case Opcode::version:
    case Opcode::sasl_list_mechs:
    case Opcode::sasl_auth:
    case Opcode::sasl_step:
      return true;
    default:
      return false;
  }
}

void answer(const Command& command, Status status, std::string_view body, ReplyBuffer& reply) {
  std::array<char, protocol::kBinaryHeaderSize> header{};
  protocol::write_binary_header(header.data(), {.opcode = command.binary.opcode,
                                                .opaque = command.binary.opaque,
                                                .status = status,
                                                .value_size = static_cast<uint32_t>(body.size())});
  reply.append({header.data(), header.size()});
  reply.append(body);
}

void answer(const Command& command, Status status, ReplyBuffer& reply) {
  answer(command, status, protocol::text_of(status), reply);
}

/// Answers a client that has not authenticated. Text, which no listener with -S speaks, gets no
/// answer.
void refuse(const Command& command, ReplyBuffer& reply) {
  if (command.is_binary) {
    answer(command, Status::auth_error, reply);
  }
}

}  // namespace

Progress SaslGate::execute(protocol::Client& client, std::span<const Command> batch,
                           ReplyBuffer& reply) {
  worker_.assume();
  debug_check(!batch.empty(), "a batch has commands");
  Standing& standing = clients_[&client];
  size_t done = 0;
  while (done < batch.size()) {
    const auto left = batch.subspan(done);
    if (is_sasl(left.front())) {
      answer_sasl(standing, left.front(), reply);
      ++done;
      continue;
    }
    if (!standing.granted && !is_open_to_all(left.front())) {
      refuse(left.front(), reply);
      return {done + 1, Next::close};
    }
    size_t count = 1;
    while (standing.granted && count < left.size() && !is_sasl(left[count])) {
      ++count;
    }
    const Progress progress = behind_.execute(client, left.first(count), reply);
    debug_check(progress.executed <= count, "a handler does no more than it was given");
    done += progress.executed;
    if (progress.next != Next::ready || progress.executed < count) {
      return {done, progress.next};
    }
  }
  return {done, Next::ready};
}

void SaslGate::answer_sasl(Standing& standing, const Command& command, ReplyBuffer& reply) {
  if (command.verb == Verb::sasl_list_mechs) {
    answer(command, Status::success, sasl_.mechanisms(), reply);
    return;
  }
  if (command.key.size() > kMaxMechanismSize) {
    answer(command, Status::invalid_arguments, reply);
    return;
  }
  debug_check(is_sasl(command), "only messages of SASL are judged");
  std::string words;
  const SaslOutcome outcome = judge(standing, command, words);
  standing.granted = outcome == SaslOutcome::granted;
  if (outcome == SaslOutcome::more) {
    check(standing.conversation != nullptr, "what goes on has begun");
    answer(command, Status::auth_continue, words, reply);
    return;
  }
  standing.conversation.reset();
  counters_.commands += 1;
  if (standing.granted) {
    answer(command, Status::success, "Authenticated", reply);
    return;
  }
  counters_.errors += 1;
  answer(command, Status::auth_error, reply);
}

SaslOutcome SaslGate::judge(Standing& standing, const Command& command, std::string& words) {
  if (!command.value_complete) {
    return SaslOutcome::refused;  // too long for any mechanism: the parser has dropped it
  }
  if (command.verb == Verb::sasl_auth) {
    standing.conversation = sasl_.begin();
    return standing.conversation == nullptr
               ? SaslOutcome::refused
               : standing.conversation->start(command.key, command.value, words);
  }
  return standing.conversation == nullptr ? SaslOutcome::refused
                                          : standing.conversation->step(command.value, words);
}

std::unique_ptr<protocol::IncomingValue> SaslGate::begin_value(protocol::Client& client,
                                                               const Command& command,
                                                               ReplyBuffer& reply) {
  worker_.assume();
  if (clients_[&client].granted) {
    return behind_.begin_value(client, command, reply);
  }
  // memcached closes; here the value is swallowed, which costs as little.
  refuse(command, reply);
  return nullptr;
}

Progress SaslGate::finish_value(protocol::Client& client, const Command& command,
                                std::unique_ptr<protocol::IncomingValue> value,
                                ReplyBuffer& reply) {
  worker_.assume();
  check(clients_[&client].granted, "no value of a client that has not authenticated begins");
  return behind_.finish_value(client, command, std::move(value), reply);
}

void SaslGate::forget(protocol::Client& client) {
  worker_.assume();
  behind_.forget(client);
  clients_.erase(&client);
}

}  // namespace ember::server
