// SPDX-License-Identifier: BSD-3-Clause
// WatchHub: makes lines of the events that the threads of one server report, and shares them out
// to the watchers. One thread of its own; the others neither wait for it nor do its work. Not the
// watchers' connections: those are the workers' (WatchOutlet).
//
// Flow: worker -> its WatchLog's ring -> this thread -> the watcher's bounded text -> its worker's
// mailbox -> its connection. A ring that is full drops events (log_worker_dropped). A watcher that
// does not read keeps one block of lines in its connection and one here; later lines are skipped
// (log_watcher_skipped), and a line says how many were, in their place: skipped=N.
//
// Threads: add_log() and start() before the threads that use them; WatchService by any worker;
// stats() any. What only the hub's thread touches is guarded by the role `own_thread_`.
// Ownership: its logs live as long as it does; outlets live until stop() returns.
// Errors: start() may fail; nothing after it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "base/result.h"
#include "server/net/wake_event.h"
#include "server/watch/watch_log.h"
#include "server/watch/watch_service.h"

namespace ember::server {

struct WatchOptions {
  /// -o worker_logbuf_size, in bytes.
  size_t ring_size = 64 * kKiB;
  /// -o watcher_logbuf_size, in bytes.
  size_t watcher_size = 256 * kKiB;
};

/// The lines that a watcher is still to be given, up to a bound.
class WatchText {
 public:
  explicit WatchText(size_t limit) : limit_(limit) {}

  /// Appends a line. Returns false, and counts the line as skipped, if it does not fit or an
  /// earlier one did not.
  bool add(std::string_view line);
  size_t size() const { return text_.size(); }
  /// Returns the lines, and a last one that says how many were skipped; empty from then on.
  std::string take();

 private:
  size_t limit_;
  std::string text_;
  uint64_t skipped_ = 0;
};

class WatchHub final : public WatchService {
 public:
  /// As in memcached.
  static constexpr size_t kMostWatchers = 20;

  explicit WatchHub(const WatchOptions& options) : options_(options) {}
  ~WatchHub() override { stop(); }
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  /// A log for one more thread. Requires: start() has not been called.
  WatchLog& add_log();

  /// Starts the thread. Without it nobody can watch. Fails when the system has no descriptor left.
  Result<void> start();
  /// Ends the thread: nothing is delivered any more. Does nothing if it was not started.
  void stop();

  uint64_t admit(WatchOutlet& outlet, WatchStream streams) override;
  void reported(uint64_t watcher) override;
  void leave(uint64_t watcher) override;

  struct Stats {
    uint64_t worker_dropped = 0;
    uint64_t worker_written = 0;
    uint64_t watcher_skipped = 0;
    uint64_t watcher_sent = 0;
    uint64_t watchers = 0;
  };
  Stats stats() const;

 private:
  struct Watcher {
    uint64_t id = 0;
    WatchStream streams = 0;
    WatchOutlet* outlet = nullptr;
    WatchText text;
    bool busy = false;  // its connection has not sent all lines yet
  };
  struct Request {
    enum class Kind : uint8_t { join, reported, leave } kind = Kind::join;
    uint64_t id = 0;
    WatchStream streams = 0;
    WatchOutlet* outlet = nullptr;
  };
  struct Admitted {
    uint64_t id;
    WatchStream streams;
  };

  void run(const std::stop_token& stop);
  bool share_out() EMBER_REQUIRES(own_thread_);
  void apply_requests() EMBER_REQUIRES(own_thread_) EMBER_EXCLUDES(mutex_);
  void apply(const Request& request) EMBER_REQUIRES(own_thread_);
  void share(const WatchEvent& event, std::string_view text) EMBER_REQUIRES(own_thread_);
  void deliver(size_t least) EMBER_REQUIRES(own_thread_);
  void sleep(int timeout_ms) EMBER_REQUIRES(own_thread_);
  void post(const Request& request) EMBER_EXCLUDES(mutex_);
  void set_streams() EMBER_REQUIRES(mutex_);

  const WatchOptions options_;
  std::vector<std::unique_ptr<WatchLog>> logs_;
  std::unique_ptr<net::WakeEvent> wake_;
  std::atomic<uint64_t> gid_{0};
  std::atomic<uint64_t> skipped_{0};
  std::atomic<uint64_t> sent_{0};

  mutable Mutex mutex_;
  std::vector<Request> requests_ EMBER_GUARDED_BY(mutex_);
  std::vector<Admitted> admitted_ EMBER_GUARDED_BY(mutex_);
  uint64_t last_id_ EMBER_GUARDED_BY(mutex_) = 0;

  Role own_thread_;
  std::vector<Watcher> watchers_ EMBER_GUARDED_BY(own_thread_);
  std::string line_ EMBER_GUARDED_BY(own_thread_);

  std::jthread thread_;
};

}  // namespace ember::server
