// SPDX-License-Identifier: BSD-3-Clause
// Load: writes to a server from several connections and tells the judge, before each request is
// sent, what it asks, and after each reply, what was answered.
//
//   op ROUND CONNECTION set KEY NAME | set KEY NUMBER | incr KEY NUMBER | delete KEY | flush_all
//   ack ROUND CONNECTION REPLY
//   gone ROUND                                        the server closed a connection
//
// A round is one request on every connection, all sent before any reply is read; no two of them
// share a key. A flush_all is a round by itself. So at any moment at most one round is open.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/random.h"
#include "tests/dax/judge_port.h"
#include "tests/dax/wire.h"

namespace ember::dax {

struct LoadOptions {
  uint16_t port = 11211;
  uint64_t seed = 1;
  uint32_t connections = 4;
  uint32_t keys = 96;         // blobs of each connection; a quarter as many counters
  uint64_t rounds = 0;        // 0: until the server is gone
  uint64_t flush_one_in = 0;  // a round in so many is a flush_all; 0: none
};

/// The keys a load with these options may write, in order.
std::vector<std::string> keys_of(const LoadOptions& options);

class Load {
 public:
  Load(const LoadOptions& options, const JudgePort& judge)
      : options_(options), judge_(judge), random_(options.seed) {}

  Result<void> connect();
  /// Until the rounds are done or the server is gone.
  void run();

 private:
  bool play_round(uint64_t round);
  bool play_flush(uint64_t round);
  /// Tells the judge of a request and returns its bytes.
  std::string choose_request(uint64_t round, uint32_t connection);
  std::string counter_request(const std::string& key, std::string& told);
  bool acknowledge(uint64_t round, uint32_t connection);

  const LoadOptions& options_;
  const JudgePort& judge_;
  bench::Random random_;
  std::vector<Wire> wires_;
};

}  // namespace ember::dax
