// SPDX-License-Identifier: BSD-3-Clause
// ClientLoop: one thread's connections and the epoll loop that drives them: closed (a new batch
// when the last is answered) or open (by a schedule, whatever the server does).
//
// Latency counts from the moment a request should have been sent: in an open loop that is its
// place in the schedule, so a server that stalls is charged for every request it held up, not
// only for those that were under way ("coordinated omission").
//
// Threads: runs on one; others read the counters and set the phase.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/histogram.h"
#include "bench/address.h"
#include "bench/in_flight.h"
#include "bench/key_space.h"
#include "bench/out_buffer.h"
#include "bench/popularity.h"
#include "bench/reply_reader.h"
#include "bench/request_writer.h"
#include "bench/value_space.h"
#include "bench/wire.h"

namespace ember::bench {

enum class Phase : uint8_t { warm_up, measure, stop };

/// What requests are made of, for all threads.
struct Workload {
  const KeySpace& keys;
  const ValueSpace& values;
  const Popularity& popularity;
  Dialect dialect = Dialect::classic;
  double read_ratio = 0.9;
  uint32_t width = 1;      // keys of a get
  uint32_t ttl = 0;        // seconds
  bool new_sizes = false;  // every set draws a size; else a key's size is fixed
  bool verify = true;
};

struct LoopOptions {
  uint32_t connections = 1;
  uint32_t depth = 1;    // requests under way on a connection
  bool window = false;   // refill as answers come, not once a batch is answered
  double rate = 0;       // requests a second, open loop; 0: closed
  bool poisson = false;  // open loop with exponential gaps
  uint64_t seed = 1;
  size_t read_size = 256UL * 1024;  // received at once
};

/// Written by the loop, read by whoever watches.
struct LoopCounters {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> misses{0};
  std::atomic<uint64_t> sets{0};
  std::atomic<uint64_t> errors{0};
  std::atomic<uint64_t> corrupt{0};
  std::atomic<uint64_t> bytes_sent{0};  // as before encryption and after decryption
  std::atomic<uint64_t> bytes_received{0};
};

class ClientLoop : private ReplySink {
 public:
  /// The workload and the phase outlive the loop.
  ClientLoop(const Workload& workload, const LoopOptions& options, const std::atomic<Phase>& phase);

  /// Waits for the handshakes, too, of connections with `tls` (null: plain).
  Result<void> connect(const Address& address, const TlsClient* tls);

  /// Sets the keys first, first + step, ... below `end`, once each.
  Result<void> fill(uint64_t first, uint64_t end, uint64_t step);

  /// Until the phase is stop.
  Result<void> run();

  const LoopCounters& counters() const { return counters_; }
  /// Latencies of the measured phase in ns; only after run().
  const Histogram& latencies() const { return latencies_; }
  /// The first answer that was neither hit nor miss nor stored, if any; only after run().
  const std::string& first_error() const { return first_error_; }

 private:
  struct Connection {
    Connection(Wire opened, const LoopOptions& options, const Workload& workload);

    Wire wire;
    InFlight asked;
    ReplyReader reader;
    std::string carry;            // the beginning of a line not all here yet
    std::string unsent;           // what the socket did not take
    std::deque<int64_t> backlog;  // open loop: due, but the pipeline is full
    bool wants_write = false;
  };

  enum class Mode : uint8_t { fill, closed, open };

  Result<void> turn(int64_t timeout_ns);
  Result<void> receive(Connection& connection);
  Result<void> take(Connection& connection, size_t size);
  Result<void> refill(Connection& connection);
  Result<void> send_pending(Connection& connection);
  void want_write(Connection& connection, bool wanted);
  void issue(Connection& connection, int64_t intended_ns);
  bool issue_fill(Connection& connection);
  Result<void> issue_due();
  int64_t next_gap_ns();

  void answered(uint64_t key, Answer answer, size_t value_size) override;
  void finished(const Request& request) override;
  void error_line(std::string_view line) override;
  void corrupt(uint64_t key) override;

  Workload workload_;
  LoopOptions options_;
  const std::atomic<Phase>& phase_;
  RequestWriter writer_;
  Random random_;
  Fd epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<char> input_;
  OutBuffer output_;
  std::vector<uint64_t> picked_;
  Mode mode_ = Mode::closed;
  uint64_t fill_next_ = 0;
  uint64_t fill_end_ = 0;
  uint64_t fill_step_ = 1;
  uint64_t under_way_ = 0;
  int64_t now_ns_ = 0;  // of the last turn
  int64_t due_ns_ = 0;  // open loop: the next request's place in the schedule
  size_t due_connection_ = 0;
  LoopCounters counters_;
  Histogram latencies_;
  std::string first_error_;
};

/// CLOCK_MONOTONIC in ns.
int64_t now_ns();

}  // namespace ember::bench
