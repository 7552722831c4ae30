// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/session_set.h"

#include <memory>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "server/session/command_trace.h"
#include "server/session/session.h"

namespace ember::server::session {
SessionSet::SessionSet(Parts parts, const SessionOptions& options)
    : timers_(parts.timers),
      on_gone_(std::move(parts.on_gone)),
      on_close_(std::move(parts.on_close)),
      context_(
          {.poller = parts.poller, .handler = parts.handler, .clock = parts.clock, .owner = *this},
          options) {}

SessionSet::~SessionSet() {
  MutexLock lock(mutex_);
  while (first_ != nullptr) {
    const std::unique_ptr<Session> session(std::exchange(first_, first_->set_state.next));
  }
}

void SessionSet::add(Fd connection, uint32_t listener) {
  context_.worker.assume();
  check(connection.get() >= 0, "a new connection is open");
  auto session = std::make_unique<Session>(context_, listener);
  session->set_state.number = connection.get();
  if (log::enabled(log::Level::trace)) {
    trace_open(connection.get());
  }
  {
    MutexLock lock(mutex_);
    session->set_state.next = first_;
    if (first_ != nullptr) {
      first_->set_state.previous = session.get();
    }
    first_ = session.get();
  }
  ++size_;
  ++context_.counters().sessions;
  if (context_.options().idle_timeout_s > 0) {
    timers_.arm(*session, idle_deadline_ms(*session), *this);
  }
  session->poller_state.security = context_.options_of(listener).security;
  context_.poller().add(*session, std::move(connection));
  if (context_.draining()) {
    session->flush_later();
  }
  static_cast<void>(session.release());  // first_ owns it
}

void SessionSet::on_close(Session& session, CloseReason reason) {
  context_.worker.assume();
  timers_.cancel(session);
  debug_check(!session.set_state.closed, "a session is closed once");
  if (on_close_) {
    on_close_(session, reason);
  }
  MutexLock lock(mutex_);
  session.set_state.closed = true;
}

void SessionSet::on_released(Session& session) {
  context_.worker.assume();
  auto& state = session.set_state;
  context_.due_to_flush().remove(state.flush_place);
  context_.due_to_resume().remove(state.resume_place);
  {
    MutexLock lock(mutex_);
    check(state.closed, "the poller lets go of a session that is closed");
    if (state.previous != nullptr) {
      state.previous->set_state.next = state.next;
    } else {
      check(first_ == &session, "the first session of the list has none before it");
      first_ = state.next;
    }
    if (state.next != nullptr) {
      state.next->set_state.previous = state.previous;
    }
  }
  check(size_ > 0, "a session that goes was counted");
  --size_;
  context_.counters().sessions -= 1;
  const std::unique_ptr<Session> owned(&session);
  if (on_gone_) {
    on_gone_();
  }
}

void SessionSet::end_turn() {
  context_.worker.assume();
  flush();
  context_.next_turn();
  if (!context_.due_to_resume().empty()) {
    resume();
    flush();
  }
}

/// Sends what there is to send. A send that is over at once may leave more, and add its session
/// again.
void SessionSet::flush() {
  context_.due_to_flush().each([](Session& session) {
    session.set_state.flush_place = DueList<Session>::kNowhere;
    session.flush();
  });
  context_.due_to_flush().clear();
}

/// Lets those go on who wait for their turn. Who is due again meanwhile waits until the others had
/// another turn of the poller.
void SessionSet::resume() {
  debug_check(resuming_.empty(), "a turn is ended by one call at a time");
  std::swap(context_.due_to_resume(), resuming_);
  resuming_.each(
      [](Session& session) { session.set_state.resume_place = DueList<Session>::kNowhere; });
  resuming_.each([](Session& session) { session.resume_held(); });
  resuming_.clear();
}

template <typename Visit>
void SessionSet::each(const Visit& visit) {
  std::vector<Session*> sessions;
  sessions.reserve(size_);
  {
    MutexLock lock(mutex_);
    for (Session* session = first_; session != nullptr; session = session->set_state.next) {
      sessions.push_back(session);
    }
  }
  check(sessions.size() == size_, "the list holds all sessions that are counted");
  // Closing releases later, so none of them goes away meanwhile.
  for (Session* const session : sessions) {
    visit(*session);
  }
}

/// Seconds are whole, and the last of them may have begun just now: so one more.
uint64_t SessionSet::idle_deadline_ms(const Session& session) const {
  check(context_.options().idle_timeout_s > 0,
        "only where there is a time-out, there is a deadline");
  constexpr uint64_t kPerSecond = 1000;
  return (uint64_t{session.last_active()} + context_.options().idle_timeout_s + 1) * kPerSecond;
}

void SessionSet::on_due(net::Timer& timer) {
  context_.worker.assume();
  check(!timer.armed(), "a timer that is due is armed no more");
  auto& session = static_cast<Session&>(timer);
  if (session.listening()) {
    return;  // it has nothing to say; whether it still reads shows when something is sent to it
  }
  // What it sent meanwhile has moved its deadline, not the timer.
  const uint64_t deadline = idle_deadline_ms(session);
  if (timers_.now_ms() < deadline) {
    timers_.arm(session, deadline, *this);
  } else {
    session.close(CloseReason::idle);
  }
}

void SessionSet::drain() {
  context_.worker.assume();
  context_.begin_draining();
  each([](Session& session) { session.flush_later(); });
}

void SessionSet::close_all() {
  context_.worker.assume();
  each([](Session& session) { session.close(CloseReason::shutdown); });
}

std::vector<SessionInfo> SessionSet::list() const {
  std::vector<SessionInfo> infos;
  MutexLock lock(mutex_);
  for (const Session* session = first_; session != nullptr; session = session->set_state.next) {
    if (!session->set_state.closed) {
      infos.push_back({.number = session->set_state.number,
                       .listener = session->listener(),
                       .last_active = session->last_active(),
                       .writing = session->writing(),
                       .reading = session->reading(),
                       .listening = session->listening()});
    }
  }
  return infos;
}

}  // namespace ember::server::session
