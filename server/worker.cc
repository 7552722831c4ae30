// SPDX-License-Identifier: BSD-3-Clause
#include "server/worker.h"

#include <fmt/format.h>
#include <pthread.h>

#include <utility>

#include "base/check.h"
#include "server/net/poller_factory.h"
#include "server/net/tls/tls_poller.h"
#include "server/session/session.h"

namespace ember::server {
namespace {

/// How long a worker waits at most while it drains: the end of a drain has a limit.
constexpr int kDrainTickMs = 20;

/// Turns that closing everything may take; each ends what is outstanding.
constexpr int kCloseTurns = 50;

}  // namespace

Worker::Worker(Parts parts, const WorkerOptions& options, size_t index)
    : parts_(std::move(parts)),
      options_(options),
      index_(index),
      timers_(parts_.clock),
      connection_log_(parts_.log) {}

Worker::~Worker() { join(); }

Result<void> Worker::start() {
  std::promise<Result<void>> promise;
  auto opened = promise.get_future();
  thread_ =
      std::thread([this, promise = std::move(promise)]() mutable { run(std::move(promise)); });
  return opened.get();
}

Result<void> Worker::open_poller() {
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
  return {};
}

Result<void> Worker::open() {
  check(poller_ == nullptr, "a worker is opened once");
  if (auto opened = open_poller(); !opened) {
    return opened;
  }
  auto service = parts_.make_service(*poller_);
  if (!service) {
    return fail(service.error().message);
  }
  service_ = std::move(*service);
  protocol::Handler* first = &service_->handler();
  if (parts_.sasl != nullptr) {
    gate_ = std::make_unique<SaslGate>(*first, *parts_.sasl);
    first = gate_.get();
  }
  sessions_ = std::make_unique<session::SessionSet>(
      session::SessionSet::Parts{
          .poller = *poller_,
          .timers = timers_,
          .handler = *first,
          .clock = parts_.clock,
          .on_gone = [this] { parts_.limit.give_back(); },
          .on_close =
              [this](const session::Session& session, session::CloseReason reason) {
                worker_.assume();
                connection_log_.closed(session.number(), reason);
              }},
      options_.session);
  return {};
}

void Worker::run(std::promise<Result<void>> opened) {
  worker_.assume();
  ::pthread_setname_np(::pthread_self(), fmt::format("ember-work-{}", index_).c_str());
  Result<void> result = open();
  const bool usable = result.has_value();
  check(!usable || (poller_ != nullptr && service_ != nullptr && sessions_ != nullptr),
        "a worker that is open has all its parts");
  opened.set_value(std::move(result));
  if (usable) {
    serve();
    service_->before_wait();
  }
}

void Worker::serve() {
  while (stops_.load(std::memory_order_relaxed) == 0) {
    turn(sessions_->has_ready() ? 0 : net::Poller::kForever);
  }
  finish();
}

void Worker::turn(int timeout_ms) {
  debug_check(timeout_ms <= 0 || !sessions_->has_ready(), "who waits for a turn gets it at once");
  poller_->turn(timers_.wait_ms(timeout_ms));
  timers_.run();
  sessions_->end_turn();
  service_->after_turn();
}

void Worker::finish() {
  check(stops_.load(std::memory_order_relaxed) > 0, "a worker ends when it is told to");
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + options_.drain_limit;
  on_wake();  // connections that were added just before
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

void Worker::add_connection(Fd connection, uint32_t listener) {
  check(poller_ != nullptr, "connections come once the worker has started");
  {
    MutexLock lock(mutex_);
    arrivals_.push_back({.connection = std::move(connection), .listener = listener});
  }
  poller_->wake();
}

void Worker::serve_datagrams(const UdpOptions& options) {
  check(poller_ != nullptr, "datagrams are served once the worker has started");
  if (options.sockets.empty()) {
    return;
  }
  check(options.limit != nullptr, "replies to datagrams have a limit");
  {
    MutexLock lock(mutex_);
    udp_ = options;
  }
  poller_->wake();
}

void Worker::before_sleep() {
  worker_.assume();
  service_->before_wait();
}

void Worker::after_sleep() {
  worker_.assume();
  service_->after_wait();
}

void Worker::on_wake() {
  worker_.assume();
  service_->on_wake();
  take_arrivals();
}

void Worker::take_arrivals() {
  std::vector<Arrival> arrivals;
  {
    MutexLock lock(mutex_);
    std::swap(arrivals, arrivals_);
    open_udp();
  }
  for (Arrival& arrival : arrivals) {
    connection_log_.opened(arrival.connection.get());
    sessions_->add(std::move(arrival.connection), arrival.listener);
  }
}

void Worker::open_udp() {
  debug_check(udp_.sockets.empty() || udp_sessions_.empty(),
              "datagrams are served from one call on");
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
