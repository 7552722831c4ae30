// SPDX-License-Identifier: BSD-3-Clause
#include "server/worker.h"

#include <fmt/format.h>
#include <pthread.h>

#include <utility>

#include "server/net/tls/tls_poller.h"
#include "server/session/session.h"

namespace ember::server {
namespace {

/// How often a worker looks at the time while that matters.
constexpr int kTickMs = 500;
constexpr int kDrainTickMs = 20;

/// Turns that closing everything may take; each ends what is outstanding.
constexpr int kCloseTurns = 50;

}  // namespace

Worker::Worker(const Parts& parts, const WorkerOptions& options, size_t index)
    : parts_(parts),
      options_(options),
      index_(index),
      store_log_(parts.log),
      timers_(parts.clock),
      connection_log_(parts.log) {}

Worker::~Worker() { join(); }

Result<void> Worker::start() {
  std::promise<Result<void>> promise;
  auto opened = promise.get_future();
  thread_ =
      std::thread([this, promise = std::move(promise)]() mutable { run(std::move(promise)); });
  return opened.get();
}

Result<void> Worker::open() {
  auto poller = net::open_poller(options_.poller, *this);
  if (!poller) {
    return fail(poller.error().message);
  }
  poller_ = std::move(*poller);
  if (parts_.tls != nullptr) {
    auto tls_poller = net::TlsPoller::open(std::move(poller_), *parts_.tls, timers_);
    if (!tls_poller) {
      return fail(tls_poller.error().message);
    }
    poller_ = std::move(*tls_poller);
  }
  store_thread_ = parts_.store.register_thread();
  store_thread_->observe(store_log_);
  handler_ =
      std::make_unique<command::LocalHandler>(command::HandlerParts{.store = parts_.store,
                                                                    .thread = *store_thread_,
                                                                    .clock = parts_.clock,
                                                                    .registry = parts_.registry,
                                                                    .stats = parts_.stats,
                                                                    .log = parts_.log,
                                                                    .watch = parts_.watch,
                                                                    .outlet = *this},
                                              options_.handler);
  protocol::Handler* first = handler_.get();
  if (parts_.sasl != nullptr) {
    gate_ = std::make_unique<SaslGate>(*handler_, *parts_.sasl);
    first = gate_.get();
  }
  sessions_ = std::make_unique<session::SessionSet>(
      session::SessionSet::Parts{
          .poller = *poller_,
          .handler = *first,
          .clock = parts_.clock,
          .on_gone = [this] { parts_.limit.give_back(); },
          .on_close =
              [this](const session::Session& session, session::CloseReason reason) {
                connection_log_.closed(session.number(), reason);
              }},
      options_.session);
  return {};
}

void Worker::run(std::promise<Result<void>> opened) {
  ::pthread_setname_np(::pthread_self(), fmt::format("ember-work-{}", index_).c_str());
  Result<void> result = open();
  const bool usable = result.has_value();
  opened.set_value(std::move(result));
  if (usable) {
    serve();
    store_thread_->offline();
  }
}

void Worker::serve() {
  while (stops_.load(std::memory_order_relaxed) == 0) {
    turn(timeout_ms());
    if (options_.idle_timeout_s > 0) {
      close_silent();
    }
  }
  finish();
}

void Worker::turn(int timeout_ms) {
  poller_->turn(timers_.wait_ms(timeout_ms));
  timers_.run();
  sessions_->end_turn();
  store_thread_->quiesce();
}

int Worker::timeout_ms() const {
  if (sessions_->has_ready()) {
    return 0;
  }
  return options_.idle_timeout_s > 0 ? kTickMs : net::Poller::kForever;
}

void Worker::close_silent() {
  const UnixSeconds now = parts_.clock.now();
  if (now != last_silence_check_ && now > options_.idle_timeout_s) {
    last_silence_check_ = now;
    sessions_->close_silent(now - options_.idle_timeout_s);
  }
}

void Worker::finish() {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + options_.drain_limit;
  on_wake();  // connections given to us just before
  turn(0);    // requests that had come already
  close_udp();
  sessions_->drain();
  sessions_->end_turn();
  while (!sessions_->empty() && steady_clock::now() < deadline &&
         stops_.load(std::memory_order_relaxed) == 1) {
    turn(sessions_->has_ready() ? 0 : kDrainTickMs);
  }
  sessions_->close_all();
  for (int i = 0; i < kCloseTurns && !sessions_->empty(); ++i) {
    turn(kDrainTickMs);
  }
}

void Worker::give(Fd connection, uint32_t listener) {
  {
    MutexLock lock(mutex_);
    arrivals_.push_back({.connection = std::move(connection), .listener = listener});
  }
  poller_->wake();
}

void Worker::on_wake() {
  std::vector<Arrival> arrivals;
  std::vector<Lines> lines;
  {
    MutexLock lock(mutex_);
    std::swap(arrivals, arrivals_);
    std::swap(lines, lines_);
    open_udp();
  }
  for (const Lines& block : lines) {
    handler_->report(block.watcher, block.text);
  }
  for (Arrival& arrival : arrivals) {
    connection_log_.opened(arrival.connection.get());
    sessions_->add(std::move(arrival.connection), arrival.listener);
  }
}

void Worker::deliver(uint64_t watcher, std::string lines) {
  {
    MutexLock lock(mutex_);
    lines_.push_back({.watcher = watcher, .text = std::move(lines)});
  }
  poller_->wake();
}

void Worker::hear(const UdpOptions& options) {
  if (options.sockets.empty()) {
    return;
  }
  {
    MutexLock lock(mutex_);
    udp_ = options;
  }
  poller_->wake();
}

void Worker::open_udp() {
  for (const UdpOptions::Socket& socket : std::exchange(udp_.sockets, {})) {
    session::UdpSession::Options options = udp_.session;
    options.dialect = socket.dialect;
    udp_sessions_.push_back(std::make_unique<session::UdpSession>(sessions_->context(), *udp_.limit,
                                                                  socket.fd, options));
    poller_->watch(*udp_sessions_.back(), socket.fd);
  }
}

void Worker::close_udp() {
  MutexLock lock(mutex_);
  for (const auto& session : udp_sessions_) {
    poller_->unwatch(*session);
  }
}

std::vector<session::UdpInfo> Worker::list_udp() const {
  std::vector<session::UdpInfo> infos;
  MutexLock lock(mutex_);
  infos.reserve(udp_sessions_.size());
  for (const auto& session : udp_sessions_) {
    infos.push_back(session->info());
  }
  return infos;
}

void Worker::stop() {
  stops_.fetch_add(1, std::memory_order_relaxed);
  if (poller_ != nullptr) {
    poller_->wake();
  }
}

void Worker::join() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

}  // namespace ember::server
