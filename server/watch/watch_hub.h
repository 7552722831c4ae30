// SPDX-License-Identifier: BSD-3-Clause
// WatchHub: makes lines of what the threads of one server tell, and shares them out to the
// watchers. One thread; the others neither wait for it nor do its work.
//
// Flow: worker -> its WatchLog's ring -> this thread -> the watcher's bounded text -> its worker's
// mailbox -> its connection. A ring that is full drops events (log_worker_dropped). A watcher that
// does not read keeps one block of lines in its connection and one here; what comes then is skipped
// (log_watcher_skipped), and a line says how many were, in their place: skipped=N.
//
// Threads: add_log() and start() before the threads that use them; WatchService by any worker;
// figures() any. Ownership: its logs live as long as it does; outlets outlive stop().
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

/// What a watcher is still to be given: lines, up to a bound.
class WatchText {
 public:
  explicit WatchText(size_t limit) : limit_(limit) {}

  /// False if it does not fit, or the one before did not: then it is skipped.
  bool add(std::string_view line);
  size_t size() const { return text_.size(); }
  /// The lines, and how many were skipped behind them.
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

  /// For one more thread.
  WatchLog& add_log();

  Result<void> start();
  /// Nothing is delivered any more.
  void stop();

  uint64_t admit(WatchOutlet& outlet, uint32_t streams) override;
  void heard(uint64_t watcher) override;
  void leave(uint64_t watcher) override;

  struct Figures {
    uint64_t worker_dropped = 0;
    uint64_t worker_written = 0;
    uint64_t watcher_skipped = 0;
    uint64_t watcher_sent = 0;
    uint64_t watchers = 0;
  };
  Figures figures() const;

 private:
  struct Watcher {
    uint64_t id = 0;
    uint32_t streams = 0;
    WatchOutlet* outlet = nullptr;
    WatchText text;
    bool busy = false;  // has lines that it has not taken yet
  };
  struct Request {
    enum class Kind : uint8_t { join, heard, leave } kind = Kind::join;
    uint64_t id = 0;
    uint32_t streams = 0;
    WatchOutlet* outlet = nullptr;
  };
  struct Admitted {
    uint64_t id;
    uint32_t streams;
  };

  void run(const std::stop_token& stop);
  bool share_out();
  void obey_requests();
  void share(const WatchEvent& event, std::string_view text);
  void deliver(size_t least);
  void sleep(int timeout_ms);
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

  // The thread's own.
  std::vector<Watcher> watchers_;
  std::string line_;

  std::jthread thread_;
};

}  // namespace ember::server
