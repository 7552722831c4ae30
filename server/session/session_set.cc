// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/session_set.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "server/session/command_trace.h"
#include "server/session/session.h"

namespace ember::server::session {
namespace {

constexpr uint32_t kNowhere = Session::SetState::kNowhere;

/// Reply buffers kept for reuse.
constexpr size_t kKeptReplies = 256;

void insert(std::vector<Session*>& list, Session& session, uint32_t& at) {
  if (at == kNowhere) {
    at = static_cast<uint32_t>(list.size());
    list.push_back(&session);
  }
}

void remove(std::vector<Session*>& list, uint32_t& at) {
  if (at != kNowhere) {
    list[at] = nullptr;
    at = kNowhere;
  }
}

}  // namespace

SessionSet::SessionSet(Parts parts, const SessionOptions& options)
    : parts_(std::move(parts)), options_(options) {}

SessionSet::~SessionSet() {
  MutexLock lock(mutex_);
  while (first_ != nullptr) {
    const std::unique_ptr<Session> session(std::exchange(first_, first_->set_state.next));
  }
}

void SessionSet::add(Fd connection, uint32_t listener) {
  auto session = std::make_unique<Session>(*this, listener);
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
  ++counters_.sessions;
  session->poller_state.security = options_of(listener).security;
  parts_.poller.add(*session, std::move(connection));
  if (draining_) {
    session->drain();
  }
  static_cast<void>(session.release());  // first_ owns it
}

void SessionSet::unlist(Session& session) {
  MutexLock lock(mutex_);
  session.set_state.closed = true;
}

void SessionSet::destroy(Session& session) {
  auto& state = session.set_state;
  remove(dirty_, state.dirty_at);
  if (state.ready_at != kNowhere) {
    remove(ready_, state.ready_at);
  }
  {
    MutexLock lock(mutex_);
    if (state.previous != nullptr) {
      state.previous->set_state.next = state.next;
    } else {
      first_ = state.next;
    }
    if (state.next != nullptr) {
      state.next->set_state.previous = state.previous;
    }
  }
  --size_;
  counters_.sessions -= 1;
  const std::unique_ptr<Session> owned(&session);
  if (parts_.on_gone) {
    parts_.on_gone();
  }
}

void SessionSet::mark_dirty(Session& session) {
  insert(dirty_, session, session.set_state.dirty_at);
}

void SessionSet::mark_ready(Session& session) {
  insert(ready_, session, session.set_state.ready_at);
}

void SessionSet::flush() {
  // Grows while it is gone through: a send that is over at once may leave more to send.
  // NOLINTNEXTLINE(modernize-loop-convert)
  for (size_t i = 0; i < dirty_.size(); ++i) {
    if (Session* const session = dirty_[i]; session != nullptr) {
      session->set_state.dirty_at = kNowhere;
      session->flush();
    }
  }
  dirty_.clear();
}

void SessionSet::end_turn() {
  flush();
  ++turn_;
  if (ready_.empty()) {
    return;
  }
  // Those who become ready again wait until the others had another turn of the poller.
  std::swap(ready_, going_on_);
  for (Session* const session : going_on_) {
    if (session != nullptr) {
      session->set_state.ready_at = kNowhere;
    }
  }
  for (Session* const session : going_on_) {
    if (session != nullptr) {
      session->proceed();
    }
  }
  going_on_.clear();
  flush();
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
  // Closing releases later, so none of them goes away meanwhile.
  for (Session* const session : sessions) {
    visit(*session);
  }
}

void SessionSet::close_silent(UnixSeconds since) {
  each([since](Session& session) {
    // Who only listens has nothing to say; whether it still reads shows when it is told something.
    if (session.last_active() < since && !session.listening()) {
      session.close(CloseReason::idle);
    }
  });
}

void SessionSet::drain() {
  draining_ = true;
  each([](Session& session) { session.drain(); });
}

void SessionSet::close_all() {
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

std::unique_ptr<protocol::ReplyBuffer> SessionSet::take_reply() {
  ++counters_.reply_buffers;
  if (free_replies_.empty()) {
    return std::make_unique<protocol::ReplyBuffer>(blocks_);
  }
  auto reply = std::move(free_replies_.back());
  free_replies_.pop_back();
  return reply;
}

void SessionSet::give_reply(std::unique_ptr<protocol::ReplyBuffer> reply) {
  check(reply->empty(), "a reply buffer is given back when all of it is sent");
  counters_.reply_buffers -= 1;
  if (free_replies_.size() < kKeptReplies) {
    free_replies_.push_back(std::move(reply));
  }
}

}  // namespace ember::server::session
