// SPDX-License-Identifier: BSD-3-Clause
// SaslGate: a handler before another handler, which lets through only commands of clients that
// have authenticated by SASL (-S). It answers the SASL commands of the binary protocol itself. The
// handler behind it, of the local store or of a proxy, knows nothing of it. Not the judging
// (sasl.h), not the text protocol's login (server/session/login.h).
//
// Threads: one a worker, used on that worker's loop only; the counters are read by others.
// Ownership: refers to the handler behind it and to the Sasl, which outlive it; keeps a client's
// standing until forget().
// Cost: a hash table's look-up a batch, whatever its size.
// Bounds: what a client may send is bounded by the parser; a client has one conversation at most,
// from its first message to an outcome.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "base/counter.h"
#include "base/mutex.h"
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
  /// Both outlive the gate.
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

  /// Any thread.
  const SaslCounters& counters() const { return counters_; }

 private:
  /// What is known of one client.
  struct Standing {
    bool granted = false;
    std::unique_ptr<SaslConversation> conversation;
  };

  void answer_sasl(Standing& standing, const protocol::Command& command,
                   protocol::ReplyBuffer& reply) EMBER_REQUIRES(worker_);
  SaslOutcome judge(Standing& standing, const protocol::Command& command, std::string& words)
      EMBER_REQUIRES(worker_);

  Role worker_;
  protocol::Handler& behind_;
  Sasl& sasl_;
  SaslCounters counters_;
  std::unordered_map<const protocol::Client*, Standing> clients_ EMBER_GUARDED_BY(worker_);
};

}  // namespace ember::server
