// SPDX-License-Identifier: BSD-3-Clause
// SaslGate: a handler before another handler, which lets through only commands of clients that
// have authenticated by SASL (-S). It answers the SASL commands of the binary protocol itself.
// Whoever is behind it, the local store or a proxy, knows nothing of it. Not the judging (sasl.h).
//
// Threads: one a worker, used on that worker's loop only; the counters are read by others.
// Ownership: the handler and the Sasl behind it outlive it.
// Bounds: what a client may send is bounded by the parser; a client has one conversation at most,
// from its first message to an outcome.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "base/counter.h"
#include "protocol/handler.h"
#include "server/auth/sasl.h"

namespace ember::server {

/// One worker's counts of attempts. It writes, others read.
struct SaslCounters {
  Counter commands;
  Counter errors;
};

class SaslGate final : public protocol::Handler {
 public:
  SaslGate(protocol::Handler& behind, Sasl& sasl) : behind_(behind), sasl_(sasl) {}

  protocol::Progress execute(protocol::Client& client, std::span<const protocol::Command> batch,
                             protocol::ReplyBuffer& reply) override;
  std::unique_ptr<protocol::IncomingValue> begin_value(protocol::Client& client,
                                                       const protocol::Command& command,
                                                       protocol::ReplyBuffer& reply) override;
  protocol::Progress finish_value(protocol::Client& client, const protocol::Command& command,
                                  std::unique_ptr<protocol::IncomingValue> value,
                                  protocol::ReplyBuffer& reply) override;
  void reported(protocol::Client& client) override { behind_.reported(client); }
  void forget(protocol::Client& client) override;

  const SaslCounters& counters() const { return counters_; }

 private:
  struct Standing {
    bool granted = false;
    std::unique_ptr<SaslConversation> conversation;
  };

  void hear(Standing& standing, const protocol::Command& command, protocol::ReplyBuffer& reply);
  SaslOutcome judge(Standing& standing, const protocol::Command& command, std::string& words);

  protocol::Handler& behind_;
  Sasl& sasl_;
  SaslCounters counters_;
  std::unordered_map<const protocol::Client*, Standing> clients_;
};

}  // namespace ember::server
