// SPDX-License-Identifier: BSD-3-Clause
#include "server/listen/acceptor.h"

#include <pthread.h>
#include <sys/socket.h>

#include <string_view>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "server/net/poller_factory.h"

namespace ember::server {
namespace {

constexpr std::string_view kRefusal = "ERROR Too many open connections\r\n";

/// How long accepting pauses when the system has no more descriptors or the limit is reached.
constexpr int kPauseMs = 10;

}  // namespace

Acceptor::Acceptor(const AcceptorOptions& options, const std::vector<net::ListenSocket>& sockets,
                   ConnectionLimit& limit, Taker taker)
    : options_(options), limit_(limit), taker_(std::move(taker)) {
  check(taker_ != nullptr, "accepted connections have a taker");
  for (const net::ListenSocket& socket : sockets) {
    auto slot = std::make_unique<ListenSlot>();
    slot->acceptor = this;
    slot->fd = socket.fd.get();
    slot->number = static_cast<uint32_t>(slots_.size());
    slots_.push_back(std::move(slot));
  }
}

Acceptor::~Acceptor() { stop(); }

Result<void> Acceptor::start() {
  check(!thread_.joinable() && poller_ == nullptr, "an acceptor is started once");
  std::promise<Result<void>> promise;
  auto opened = promise.get_future();
  thread_ =
      std::thread([this, promise = std::move(promise)]() mutable { run(std::move(promise)); });
  return opened.get();
}

void Acceptor::run(std::promise<Result<void>> opened) {
  acceptor_.assume();
  ::pthread_setname_np(::pthread_self(), "ember-accept");
  auto poller = net::open_poller(options_.poller, *this);
  if (!poller) {
    opened.set_value(fail(poller.error().message));
    return;
  }
  poller_ = std::move(*poller);
  for (const auto& slot : slots_) {
    poller_->listen(*slot, slot->fd);
  }
  opened.set_value({});
  while (!stopping_.load(std::memory_order_relaxed)) {
    const bool paused = disabled_.load(std::memory_order_relaxed);
    poller_->turn(paused ? kPauseMs : net::Poller::kForever);
    if (disabled_.load(std::memory_order_relaxed)) {
      enable();
    }
  }
}

void Acceptor::accepted(Fd connection, uint32_t listener) {
  acceptor_.assume();
  check(listener < slots_.size() && connection, "a connection comes from a listener");
  if (!limit_.take()) {
    // Best effort, as the client may be gone.
    ::send(connection.get(), kRefusal.data(), kRefusal.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  taker_(std::move(connection), listener);
  if (!options_.reject_beyond_limit && limit_.full()) {
    disable();
  }
}

void Acceptor::failed(int error) {
  acceptor_.assume();
  debug_check(error > 0, "a failure has an errno value");
  if (!disabled_.load(std::memory_order_relaxed)) {
    log::warning(
        "cannot accept a connection; pausing: raise the limit of open files, or lower -c so that "
        "clients are told cause={}",
        log::value(std::generic_category().message(error)));
  }
  disable();
}

void Acceptor::disable() {
  if (disabled_.exchange(true, std::memory_order_relaxed)) {
    return;
  }
  disabled_count_.fetch_add(1, std::memory_order_relaxed);
  disabled_since_ = std::chrono::steady_clock::now();
  for (const auto& slot : slots_) {
    poller_->unlisten(*slot);
  }
}

void Acceptor::enable() {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  check(disabled_.load(std::memory_order_relaxed), "only a pause ends");
  const auto pause = std::chrono::steady_clock::now() - disabled_since_;
  if (pause < std::chrono::milliseconds(kPauseMs) ||
      (!options_.reject_beyond_limit && limit_.full())) {
    return;
  }
  disabled_.store(false, std::memory_order_relaxed);
  disabled_us_.fetch_add(static_cast<uint64_t>(duration_cast<microseconds>(pause).count()),
                         std::memory_order_relaxed);
  for (const auto& slot : slots_) {
    poller_->listen(*slot, slot->fd);
  }
}

void Acceptor::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) {
    if (poller_ != nullptr) {
      poller_->wake();
    }
    thread_.join();
  }
}

}  // namespace ember::server
