// SPDX-License-Identifier: BSD-3-Clause
#include "server/local_service.h"

#include <utility>

namespace ember::server {

LocalService::LocalService(const Parts& parts, const command::HandlerOptions& options)
    : poller_(parts.poller),
      store_log_(parts.log),
      store_thread_(parts.store.register_thread()),
      handler_(
          std::make_unique<command::LocalHandler>(command::HandlerParts{.store = parts.store,
                                                                        .thread = *store_thread_,
                                                                        .clock = parts.clock,
                                                                        .registry = parts.registry,
                                                                        .stats = parts.stats,
                                                                        .log = parts.log,
                                                                        .watch = parts.watch,
                                                                        .outlet = *this},
                                                  options)) {
  worker_.assume();
  store_thread_->observe(store_log_);
}

protocol::Handler& LocalService::handler() {
  worker_.assume();
  return *handler_;
}

void LocalService::before_wait() {
  worker_.assume();
  store_thread_->offline();
}

void LocalService::after_wait() {
  worker_.assume();
  store_thread_->online();
}

void LocalService::after_turn() {
  worker_.assume();
  store_thread_->quiesce();
}

void LocalService::deliver(uint64_t watcher, std::string lines) {
  {
    MutexLock lock(mutex_);
    lines_.push_back({.watcher = watcher, .text = std::move(lines)});
  }
  poller_.wake();
}

void LocalService::on_wake() {
  worker_.assume();
  std::vector<Lines> lines;
  {
    MutexLock lock(mutex_);
    std::swap(lines, lines_);
  }
  for (const Lines& block : lines) {
    handler_->report(block.watcher, block.text);
  }
}

}  // namespace ember::server
