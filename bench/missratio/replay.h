// SPDX-License-Identifier: BSD-3-Clause
// replay: plays a trace cache-aside: get; on a miss set; every hit's value verified.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "bench/key_space.h"
#include "bench/missratio/replay_result.h"
#include "bench/missratio/trace.h"

namespace ember::bench {

struct ServerReplayOptions {
  std::string server = "127.0.0.1:11211";
  uint32_t batch = 64;  // requests sent together, at most; a batch never asks for a key twice
};

/// Over one connection, so that the server sees the same order each time. A timed trace takes its
/// own time. `keys` makes the names of the trace's keys.
Result<ReplayResult> replay_to_server(const Trace& trace, const KeySpace& keys,
                                      const ServerReplayOptions& options);

struct StoreReplayOptions {
  size_t memory_limit = size_t{64} << 20;
  uint32_t maintain_every = 32;  // requests between turns of the store's upkeep
};

/// Directly against storage::Store, in this thread; a timed trace in its own, imagined time.
Result<ReplayResult> replay_to_store(const Trace& trace, const KeySpace& keys,
                                     const StoreReplayOptions& options);

}  // namespace ember::bench
