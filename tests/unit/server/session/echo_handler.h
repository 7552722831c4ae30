// SPDX-License-Identifier: BSD-3-Clause
// echo_handler: a Handler for tests of sessions: answers each command with its verb's word, key and
// value size, keeps what was stored, and can be told to be slow.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "protocol/handler.h"

namespace ember::server::session {

/// A value arriving, in pieces of at most 1000 bytes, as a chained item's are.
class PiecedValue final : public protocol::IncomingValue {
 public:
  explicit PiecedValue(size_t size) : bytes(size, '\0') {}
  std::span<char> next() override {
    return std::span(bytes).subspan(filled, std::min<size_t>(1000, bytes.size() - filled));
  }
  void advance(size_t size) override { filled += size; }
  std::string bytes;
  size_t filled = 0;
};

class EchoHandler final : public protocol::Handler {
 public:
  using Command = protocol::Command;
  using Verb = protocol::Verb;

  protocol::Progress execute(protocol::Client& client, std::span<const Command> batch,
                             protocol::ReplyBuffer& reply) override {
    ++batches;
    protocol::Progress progress;
    for (const Command& command : batch) {
      if (reply.size() >= reply_bound) {
        ++early_stops;
        return progress;
      }
      if (command.key == "turns" && turns_left > 0) {
        reply.append("turn\r\n");
        --turns_left;
        progress.next = protocol::Next::again;
        return progress;
      }
      ++progress.executed;
      if (command.verb == Verb::quit) {
        progress.next = protocol::Next::close;
        return progress;
      }
      answer(command, reply);
      if (command.verb == Verb::watch) {
        listening.push_back(&client);
        progress.next = protocol::Next::listen;
        return progress;
      }
      if (command.key == "slow") {
        suspended.push_back(&client);
        progress.next = protocol::Next::suspended;
        return progress;
      }
    }
    return progress;
  }

  std::unique_ptr<protocol::IncomingValue> begin_value(protocol::Client&, const Command& command,
                                                       protocol::ReplyBuffer& reply) override {
    if (command.value_size > value_bound) {
      reply.append("SERVER_ERROR object too large for cache\r\n");
      return nullptr;
    }
    return std::make_unique<PiecedValue>(command.value_size);
  }

  protocol::Progress finish_value(protocol::Client&, const Command& command,
                                  std::unique_ptr<protocol::IncomingValue> value,
                                  protocol::ReplyBuffer& reply) override {
    auto& pieced = static_cast<PiecedValue&>(*value);
    ++streamed;
    if (!command.value_complete) {
      reply.append("CLIENT_ERROR bad data chunk\r\n");
    } else {
      stored[std::string(command.key)] = std::move(pieced.bytes);
      reply.append("STORED\r\n");
    }
    return {.executed = 1, .next = protocol::Next::ready};
  }

  void reported(protocol::Client& client) override {
    reported_count += std::ranges::count(listening, &client) != 0 ? 1 : 0;
  }

  void forget(protocol::Client& client) override {
    std::erase(suspended, &client);
    std::erase(listening, &client);
    ++forgotten;
  }

  std::map<std::string, std::string> stored;
  std::vector<protocol::Client*> suspended;
  std::vector<protocol::Client*> listening;
  int reported_count = 0;
  size_t reply_bound = size_t{1} << 20;
  size_t value_bound = size_t{1} << 30;
  int batches = 0;
  /// So often "get turns" asks for another turn.
  int turns_left = 0;
  int early_stops = 0;
  int streamed = 0;
  int forgotten = 0;

 private:
  void answer(const Command& command, protocol::ReplyBuffer& reply) {
    if (command.verb == Verb::invalid) {
      reply.append(command.error);
      reply.append("\r\n");
    } else if (command.verb == Verb::get_end) {
      reply.append("END\r\n");
    } else if (command.verb == Verb::get) {
      const auto found = stored.find(std::string(command.key));
      if (found != stored.end()) {
        reply.append("VALUE " + found->first + " 0 " + std::to_string(found->second.size()) +
                     "\r\n" + found->second + "\r\n");
      }
    } else if (command.verb == Verb::set) {
      stored[std::string(command.key)] = command.value;
      if (!command.noreply) {
        reply.append("STORED\r\n");
      }
    } else {
      reply.append("OK\r\n");
    }
  }
};

}  // namespace ember::server::session
