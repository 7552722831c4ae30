// SPDX-License-Identifier: BSD-3-Clause
#include "bench/client_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/check.h"

namespace ember::bench {
namespace {

constexpr size_t kCarryRoom = ReplyReader::kMaxLineSize;  // for the beginning of a line
constexpr uint32_t kFillDepth = 64;
constexpr int kEventsAtOnce = 256;
// A sleep may end this much too late; the schedule's last stretch is spun through instead.
constexpr int64_t kSpinNs = 80'000;
constexpr int64_t kMaxSleepNs = 10'000'000;

void add(std::atomic<uint64_t>& counter, uint64_t amount) {
  // One writer: no locked instruction needed.
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace

int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

ClientLoop::Connection::Connection(Wire opened, const LoopOptions& options,
                                   const Workload& workload)
    : wire(std::move(opened)),
      asked(std::max(options.depth, kFillDepth), workload.width),
      reader({.dialect = workload.dialect, .verify = workload.verify}, workload.keys,
             workload.values) {}

ClientLoop::ClientLoop(const Workload& workload, const LoopOptions& options,
                       const std::atomic<Phase>& phase)
    : workload_(workload),
      options_(options),
      phase_(phase),
      writer_(workload.dialect, workload.keys, workload.values),
      random_(options.seed),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      input_(kCarryRoom + options.read_size),
      picked_(workload.width) {}

Result<void> ClientLoop::connect(const Address& address, const TlsClient* tls) {
  for (uint32_t number = 0; number < options_.connections; ++number) {
    auto fd = address.connect();
    if (!fd) {
      return std::unexpected(fd.error());
    }
    auto wire = Wire::open(std::move(*fd), tls);
    if (!wire) {
      return std::unexpected(wire.error());
    }
    connections_.push_back(std::make_unique<Connection>(std::move(*wire), options_, workload_));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connections_.back().get();
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connections_.back()->wire.fd(), &event) != 0) {
      return fail_errno("cannot watch a socket", errno);
    }
  }
  check(connections_.size() == options_.connections, "connections are opened once");
  return {};
}

Result<void> ClientLoop::fill(uint64_t first, uint64_t end, uint64_t step) {
  check(step > 0 && under_way_ == 0, "a fill goes from key to key, and begins with none under way");
  mode_ = Mode::fill;
  fill_next_ = first;
  fill_end_ = end;
  fill_step_ = step;
  for (const auto& connection : connections_) {
    if (auto done = refill(*connection); !done) {
      return done;
    }
  }
  while (under_way_ > 0 && phase_.load(std::memory_order_relaxed) != Phase::stop) {
    if (auto done = turn(kMaxSleepNs); !done) {
      return done;
    }
  }
  return {};
}

Result<void> ClientLoop::run() {
  check(!connections_.empty(), "a loop runs once it is connected");
  mode_ = options_.rate > 0 ? Mode::open : Mode::closed;
  now_ns_ = now_ns();
  due_ns_ = now_ns_;
  if (mode_ == Mode::closed) {
    for (const auto& connection : connections_) {
      if (auto done = refill(*connection); !done) {
        return done;
      }
    }
  }
  while (phase_.load(std::memory_order_relaxed) != Phase::stop) {
    int64_t sleep_ns = kMaxSleepNs;
    if (mode_ == Mode::open) {
      if (auto done = issue_due(); !done) {
        return done;
      }
      sleep_ns = std::clamp(due_ns_ - now_ns() - kSpinNs, int64_t{0}, kMaxSleepNs);
    }
    if (auto done = turn(sleep_ns); !done) {
      return done;
    }
  }
  return {};
}

Result<void> ClientLoop::turn(int64_t timeout_ns) {
  std::array<epoll_event, kEventsAtOnce> events;
  const timespec timeout{.tv_sec = 0, .tv_nsec = timeout_ns};
  const int count = epoll_pwait2(epoll_.get(), events.data(), kEventsAtOnce, &timeout, nullptr);
  if (count < 0 && errno != EINTR) {
    return fail_errno("cannot wait for sockets", errno);
  }
  for (int number = 0; number < count; ++number) {
    const epoll_event& event = events[static_cast<size_t>(number)];
    auto& connection = *static_cast<Connection*>(event.data.ptr);
    if ((event.events & EPOLLOUT) != 0) {
      if (auto done = send_pending(connection); !done) {
        return done;
      }
    }
    if ((event.events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) {
      if (auto done = receive(connection); !done) {
        return done;
      }
    }
  }
  return {};
}

Result<void> ClientLoop::receive(Connection& connection) {
  size_t got = 0;
  do {
    got = connection.wire.receive({input_.data() + kCarryRoom, options_.read_size});
    debug_check(got <= options_.read_size, "no more is received than there is room for");
    if (got == 0) {
      const auto& failure = connection.wire.failure();
      return failure ? Result<void>(std::unexpected(*failure)) : Result<void>();
    }
    if (auto done = take(connection, got); !done) {
      return done;
    }
  } while (got == options_.read_size);
  return {};
}

/// What was received into input_.
Result<void> ClientLoop::take(Connection& connection, size_t size) {
  char* const start = input_.data() + kCarryRoom;
  add(counters_.bytes_received, size);
  now_ns_ = now_ns();
  const size_t carried = connection.carry.size();
  check(carried <= kCarryRoom && size <= options_.read_size, "what was received fits the input");
  std::memcpy(start - carried, connection.carry.data(), carried);
  const std::string_view rest =
      connection.reader.consume({start - carried, carried + size}, connection.asked, *this);
  if (connection.reader.broken() || rest.size() > kCarryRoom) {
    return fail("the server's answers do not fit the requests; first odd line: '" + first_error_ +
                "'");
  }
  connection.carry.assign(rest);
  if (connection.asked.empty() || options_.window || mode_ != Mode::closed) {
    return refill(connection);
  }
  return {};
}

Result<void> ClientLoop::refill(Connection& connection) {
  if (!connection.unsent.empty()) {
    return {};
  }
  output_.clear();
  switch (mode_) {
    case Mode::fill:
      while (connection.asked.size() < kFillDepth && issue_fill(connection)) {
      }
      break;
    case Mode::closed: {
      const int64_t now = now_ns();
      while (connection.asked.size() < options_.depth) {
        issue(connection, now);
      }
      break;
    }
    case Mode::open:
      while (connection.asked.size() < options_.depth && !connection.backlog.empty()) {
        issue(connection, connection.backlog.front());
        connection.backlog.pop_front();
      }
      break;
  }
  debug_check(connection.asked.size() <= std::max(options_.depth, kFillDepth),
              "no more requests are under way than the depth");
  connection.unsent.clear();
  std::string_view bytes = output_.view();
  if (bytes.empty()) {
    return {};
  }
  const size_t done = connection.wire.send(bytes);
  if (const auto& failure = connection.wire.failure()) {
    return std::unexpected(*failure);
  }
  add(counters_.bytes_sent, done);
  if (done < bytes.size()) {
    connection.unsent.assign(bytes.substr(done));
    want_write(connection, true);
  }
  return {};
}

Result<void> ClientLoop::send_pending(Connection& connection) {
  const size_t sent = connection.wire.send(connection.unsent);
  if (const auto& failure = connection.wire.failure()) {
    return std::unexpected(*failure);
  }
  add(counters_.bytes_sent, sent);
  debug_check(sent <= connection.unsent.size(), "no more is sent than there was");
  connection.unsent.erase(0, sent);
  if (!connection.unsent.empty()) {
    return {};
  }
  want_write(connection, false);
  return mode_ == Mode::closed && !options_.window ? Result<void>() : refill(connection);
}

void ClientLoop::want_write(Connection& connection, bool wanted) {
  if (connection.wants_write == wanted) {
    return;
  }
  debug_check(wanted == !connection.unsent.empty(), "a socket is watched while bytes wait for it");
  connection.wants_write = wanted;
  epoll_event event{};
  event.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = &connection;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.wire.fd(), &event);
}

void ClientLoop::issue(Connection& connection, int64_t intended_ns) {
  debug_check(connection.asked.size() < options_.depth, "the pipeline has room for a request");
  ++under_way_;
  if (random_.unit() < workload_.read_ratio) {
    for (uint64_t& key : picked_) {
      key = workload_.popularity.draw(random_);
    }
    writer_.get(output_, picked_);
    connection.asked.push(Verb::get, picked_, intended_ns);
    return;
  }
  const uint64_t key = workload_.popularity.draw(random_);
  const size_t size =
      workload_.new_sizes ? workload_.values.draw_size(random_) : workload_.values.size_of(key);
  writer_.set(output_, key, size, workload_.ttl);
  connection.asked.push(Verb::set, {&key, 1}, intended_ns);
}

bool ClientLoop::issue_fill(Connection& connection) {
  if (fill_next_ >= fill_end_) {
    return false;
  }
  debug_check(connection.asked.size() < kFillDepth, "the pipeline has room for a request");
  ++under_way_;
  writer_.set(output_, fill_next_, workload_.values.size_of(fill_next_), workload_.ttl);
  connection.asked.push(Verb::set, {&fill_next_, 1}, now_ns_);
  fill_next_ += fill_step_;
  return true;
}

Result<void> ClientLoop::issue_due() {
  const int64_t now = now_ns();
  while (due_ns_ <= now) {
    debug_check(due_connection_ < connections_.size(), "the next connection is one of the loop's");
    Connection& connection = *connections_[due_connection_];
    due_connection_ = due_connection_ + 1 == connections_.size() ? 0 : due_connection_ + 1;
    connection.backlog.push_back(due_ns_);
    due_ns_ += next_gap_ns();
    if (auto done = refill(connection); !done) {
      return done;
    }
  }
  return {};
}

int64_t ClientLoop::next_gap_ns() {
  const double mean = 1e9 / options_.rate;
  return std::max<int64_t>(
      1, static_cast<int64_t>(options_.poisson ? -std::log1p(-random_.unit()) * mean : mean));
}

void ClientLoop::answered(uint64_t, Answer answer, size_t) {
  switch (answer) {
    case Answer::hit:
      add(counters_.hits, 1);
      break;
    case Answer::miss:
      add(counters_.misses, 1);
      break;
    case Answer::stored:
      add(counters_.sets, 1);
      break;
    case Answer::error:
      add(counters_.errors, 1);
      break;
  }
}

void ClientLoop::finished(const Request& request) {
  debug_check(under_way_ != 0, "a request that is answered was under way");
  --under_way_;
  add(counters_.requests, 1);
  if (phase_.load(std::memory_order_relaxed) == Phase::measure) {
    latencies_.record(static_cast<uint64_t>(std::max<int64_t>(0, now_ns_ - request.intended_ns)));
  }
}

void ClientLoop::error_line(std::string_view line) {
  if (first_error_.empty()) {
    first_error_ = line.substr(0, 200);
  }
}

void ClientLoop::corrupt(uint64_t) { add(counters_.corrupt, 1); }

}  // namespace ember::bench
