// SPDX-License-Identifier: BSD-3-Clause
#include "bench/load_run.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "base/check.h"
#include "base/mutex.h"
#include "bench/process_usage.h"

namespace ember::bench {
namespace {

/// The threads of a run; joined when it goes.
class Crew {
 public:
  Crew(const Workload& workload, const LoadOptions& options)
      : workload_(workload), options_(options) {}
  ~Crew() { stop(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  Result<void> start();
  void stop();

  void set_phase(Phase phase) { phase_.store(phase); }
  bool filled() const { return filled_.load() == options_.threads; }
  bool failed() const { return failed_.load(); }
  Error error() {
    MutexLock lock(mutex_);
    return error_;
  }
  Totals totals() const;
  /// After stop().
  void collect(LoadResult& result) const;

 private:
  void run(size_t number);
  Result<void> work(size_t number);

  const Workload& workload_;
  const LoadOptions& options_;
  std::atomic<Phase> phase_{Phase::warm_up};
  std::atomic<uint32_t> filled_{0};
  std::atomic<bool> failed_{false};
  Mutex mutex_;
  Error error_ EMBER_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<ClientLoop>> loops_;
  std::vector<std::jthread> threads_;
};

Result<void> Crew::start() {
  auto address = Address::parse(options_.server);
  if (!address) {
    return std::unexpected(address.error());
  }
  check(options_.threads > 0, "a run has a thread");
  uint32_t given = 0;
  for (uint32_t number = 0; number < options_.threads; ++number) {
    LoopOptions loop = options_.loop;
    loop.connections = options_.loop.connections / options_.threads +
                       (number < options_.loop.connections % options_.threads ? 1 : 0);
    given += loop.connections;
    loop.rate /= options_.threads;
    loop.seed = options_.loop.seed * 1000 + number;
    loops_.push_back(std::make_unique<ClientLoop>(workload_, loop, phase_));
    if (auto done = loops_.back()->connect(*address, options_.tls); !done) {
      return done;
    }
  }
  check(given == options_.loop.connections, "each connection is of one thread");
  for (uint32_t number = 0; number < options_.threads; ++number) {
    threads_.emplace_back([this, number] { run(number); });
  }
  return {};
}

void Crew::run(size_t number) {
  if (auto done = work(number); !done) {
    MutexLock lock(mutex_);
    error_ = done.error();
    failed_.store(true);
  }
}

Result<void> Crew::work(size_t number) {
  check(number < loops_.size(), "a thread has a loop of its own");
  if (!options_.cpus.empty()) {
    if (auto done = pin_thread(options_.cpus[number % options_.cpus.size()]); !done) {
      return done;
    }
  }
  if (options_.fill) {
    auto done = loops_[number]->fill(number, workload_.popularity.count(), options_.threads);
    if (!done) {
      return done;
    }
  }
  filled_.fetch_add(1);
  while (!filled() && phase_.load() != Phase::stop) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return loops_[number]->run();
}

void Crew::stop() {
  set_phase(Phase::stop);
  threads_.clear();
}

Totals Crew::totals() const {
  Totals totals;
  for (const auto& loop : loops_) {
    const LoopCounters& counters = loop->counters();
    totals.requests += counters.requests.load(std::memory_order_relaxed);
    totals.hits += counters.hits.load(std::memory_order_relaxed);
    totals.misses += counters.misses.load(std::memory_order_relaxed);
    totals.sets += counters.sets.load(std::memory_order_relaxed);
    totals.errors += counters.errors.load(std::memory_order_relaxed);
    totals.corrupt += counters.corrupt.load(std::memory_order_relaxed);
    totals.bytes_sent += counters.bytes_sent.load(std::memory_order_relaxed);
    totals.bytes_received += counters.bytes_received.load(std::memory_order_relaxed);
  }
  return totals;
}

void Crew::collect(LoadResult& result) const {
  check(threads_.empty(), "results are collected once the threads have ended");
  for (const auto& loop : loops_) {
    result.latencies.merge(loop->latencies());
    if (result.first_error.empty()) {
      result.first_error = loop->first_error();
    }
  }
}

Totals operator-(Totals left, const Totals& right) {
  check(left.requests >= right.requests && left.bytes_sent >= right.bytes_sent,
        "totals only grow: the earlier ones are subtracted");
  left.requests -= right.requests;
  left.hits -= right.hits;
  left.misses -= right.misses;
  left.sets -= right.sets;
  left.errors -= right.errors;
  left.corrupt -= right.corrupt;
  left.bytes_sent -= right.bytes_sent;
  left.bytes_received -= right.bytes_received;
  return left;
}

/// One line, rewritten in place on a terminal.
void show(bool wanted, const std::string& line, bool last = false) {
  if (!wanted) {
    return;
  }
  const bool terminal = isatty(STDERR_FILENO) == 1;
  std::fputs(terminal ? ("\r\x1b[K" + line + (last ? "\n" : "")).c_str() : (line + "\n").c_str(),
             stderr);
}

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

double seconds_since(int64_t start_ns) { return static_cast<double>(now_ns() - start_ns) * 1e-9; }

Result<double> wait_for_fill(Crew& crew, const LoadOptions& options, uint64_t keys) {
  const int64_t start = now_ns();
  for (int step = 1; !crew.filled(); ++step) {
    if (crew.failed()) {
      return std::unexpected(crew.error());
    }
    sleep_ms(2);
    if (step % 500 == 0) {
      const Totals totals = crew.totals();
      show(options.progress, fmt::format("fill: {} of {} keys", totals.sets, keys));
    }
  }
  return seconds_since(start);
}

/// Watches for up to `seconds`, keeping the rate of every interval in `rates` if given.
Result<void> watch(Crew& crew, const LoadOptions& options, double seconds, LoadResult* result) {
  const int64_t start = now_ns();
  const Totals first = crew.totals();
  Totals before = first;
  int64_t before_ns = start;
  for (int step = 1; seconds_since(start) < seconds; ++step) {
    const double left_ms = (seconds - seconds_since(start)) * 1000;
    sleep_ms(std::clamp(static_cast<int>(left_ms), 1, kRateIntervalMs));
    if (crew.failed()) {
      return std::unexpected(crew.error());
    }
    const Totals now = crew.totals();
    const int64_t time_ns = now_ns();
    const double rate = static_cast<double>(now.requests - before.requests) * 1e9 /
                        static_cast<double>(time_ns - before_ns);
    if (result != nullptr && time_ns - before_ns > kRateIntervalMs * 500'000) {
      result->rates.push_back(rate);
    }
    before = now;
    before_ns = time_ns;
    if (step % (1000 / kRateIntervalMs) == 0) {
      show(options.progress,
           fmt::format("{}: {:.0f} s of {:.0f}, {:.0f} requests/s, {} misses, {} errors",
                       result == nullptr ? "warm-up" : "run", seconds_since(start), seconds, rate,
                       now.misses - first.misses, now.errors - first.errors));
    }
    if (result != nullptr && options.requests > 0 &&
        now.requests - first.requests >= options.requests) {
      break;
    }
  }
  return {};
}

Result<void> measure(Crew& crew, const LoadOptions& options, LoadResult& result) {
  ProcessUsage before;
  if (options.server_pid) {
    auto usage = read_process_usage(*options.server_pid);
    if (!usage) {
      return std::unexpected(usage.error());
    }
    before = *usage;
  }
  const double own_before = own_cpu_seconds();
  const Totals first = crew.totals();
  const int64_t start = now_ns();
  crew.set_phase(Phase::measure);
  if (auto done = watch(crew, options, options.seconds, &result); !done) {
    return done;
  }
  result.seconds = seconds_since(start);
  check(result.seconds > 0, "a phase that was measured took its time");
  result.totals = crew.totals() - first;
  result.client_cpu_share = (own_cpu_seconds() - own_before) / result.seconds;
  if (options.server_pid) {
    auto after = read_process_usage(*options.server_pid);
    if (!after) {
      return std::unexpected(after.error());
    }
    const double requests = static_cast<double>(std::max<uint64_t>(1, result.totals.requests));
    const double user = after->user_seconds - before.user_seconds;
    const double system = after->system_seconds - before.system_seconds;
    result.server = ServerUse{.user_us_per_request = user * 1e6 / requests,
                              .system_us_per_request = system * 1e6 / requests,
                              .cpu_share = (user + system) / result.seconds,
                              .resident_bytes = after->resident_bytes};
  }
  return {};
}

}  // namespace

Result<void> pin_thread(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu < 0 || cpu >= CPU_SETSIZE) {
    return fail(fmt::format("there is no CPU {}", cpu));
  }
  CPU_SET(static_cast<size_t>(cpu), &set);
  const int error = pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
  return error == 0 ? Result<void>() : fail_errno(fmt::format("cannot run on CPU {}", cpu), error);
}

Result<LoadResult> perform_load_run(const Workload& workload, const LoadOptions& options) {
  LoadResult result;
  Crew crew(workload, options);
  if (auto done = crew.start(); !done) {
    return std::unexpected(done.error());
  }
  auto filled = wait_for_fill(crew, options, workload.popularity.count());
  if (!filled) {
    return std::unexpected(filled.error());
  }
  result.fill_seconds = options.fill ? *filled : 0;
  if (auto done = watch(crew, options, options.warm_up_seconds, nullptr); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = measure(crew, options, result); !done) {
    return std::unexpected(done.error());
  }
  crew.stop();
  crew.collect(result);
  show(options.progress,
       fmt::format("done: {} requests in {:.1f} s", result.totals.requests, result.seconds), true);
  return result;
}

Result<double> run_fill(const Workload& workload, const LoadOptions& options) {
  Crew crew(workload, options);
  if (auto done = crew.start(); !done) {
    return std::unexpected(done.error());
  }
  return wait_for_fill(crew, options, workload.popularity.count());
}

}  // namespace ember::bench
