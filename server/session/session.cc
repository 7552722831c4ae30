// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/session.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/log.h"
#include "server/session/command_trace.h"
#include "server/session/login.h"

namespace ember::server::session {
namespace {

using protocol::Command;
using protocol::Next;
using protocol::Parser;

/// Input that a session keeps while it waits for its turn; beyond it stops receiving.
constexpr size_t kMaxPending = 64 * kKiB;

/// A session that stopped because its reply was full goes on when this part of it is left.
constexpr size_t kLowWaterPart = 8;

}  // namespace

Session::Session(SessionContext& context, uint32_t listener)
    : context_(context),
      listener_(listener),
      last_active_(context.clock().now()),
      phase_(context.options().authenticator != nullptr ? SessionPhase::unauthenticated
                                                        : SessionPhase::serving) {}

void Session::enter(SessionPhase next) {
  check(may_follow(phase_, next), "a session's phases follow their order");
  phase_ = next;
}

void Session::set_input(InputState next) {
  if (next != input_) {
    debug_check(may_follow(input_, next), "a session's input changes as drawn");
    input_ = next;
  }
}

void Session::on_receive(std::span<const char> bytes) {
  context_.worker.assume();
  debug_check(!bytes.empty(), "what is received is some bytes");
  if (phase_ >= SessionPhase::input_closed) {
    return;  // what follows a quit
  }
  context_.counters().bytes_read += bytes.size();
  last_active_.store(context_.clock().now(), std::memory_order_relaxed);
  if (!parser_.chosen()) {
    // Logging in is part of the text protocol.
    const bool must_log_in = phase_ == SessionPhase::unauthenticated;
    parser_.choose(must_log_in ? Dialect::text : context_.options_of(listener_).dialect,
                   bytes.front(), context_.options().parser);
  }
  take(bytes);
  update_backpressure();
}

void Session::on_end(int error) {
  context_.worker.assume();
  check(!peer_ended_, "the peer ends once");
  peer_ended_ = true;
  if (error != 0) {
    close(CloseReason::error);
    return;
  }
  // What came before the end is still answered.
  flush_later();
}

void Session::on_sent(size_t size, int error) {
  context_.worker.assume();
  debug_check(sending_, "what is sent was being sent");
  sending_ = false;
  if (error != 0) {
    close(CloseReason::error);
    return;
  }
  debug_check(reply_ != nullptr && size <= reply_->size(), "what is sent was to be sent");
  context_.counters().bytes_written += size;
  reply_->consume(size);
  const bool low = reply_->size() <= context_.options().max_unsent / kLowWaterPart;
  if (reply_->empty()) {
    end_reply();
  }
  if (reply_ != nullptr || phase_ == SessionPhase::closing || peer_ended_ || context_.draining()) {
    flush_later();
  }
  if (low && (input_ == InputState::blocked || input_ == InputState::yielded)) {
    resume_later();
  }
  if (reply_ == nullptr && listening()) {
    context_.handler().reported(*this);
  }
}

void Session::on_released() {
  context_.worker.assume();
  check(phase_ == SessionPhase::closed, "the poller lets go of what was closed");
  context_.owner().on_released(*this);
}

void Session::resume() {
  context_.worker.assume();
  check(input_ == InputState::suspended, "only a suspended call resumes");
  check(phase_ != SessionPhase::closed, "a closed session was forgotten by its handler");
  set_input(InputState::blocked);
  resume_later();
}

void Session::flush() {
  context_.worker.assume();
  if (phase_ == SessionPhase::closed || sending_) {
    return;
  }
  if (reply_ != nullptr && !reply_->empty()) {
    send_some();
    return;
  }
  end_reply();
  const bool done = peer_ended_ && input_ == InputState::flowing;
  if (context_.draining() && quiescent()) {
    close(CloseReason::shutdown);
  } else if (phase_ == SessionPhase::closing || done) {
    close(peer_ended_ ? CloseReason::normal : close_reason_);
  }
}

void Session::send_some() {
  debug_check(!sending_, "one send of a session at a time");
  std::array<iovec, net::Poller::kMaxRanges> ranges;
  const size_t count = reply_->gather(ranges);
  debug_check(count > 0, "a reply that is not empty has bytes to send");
  sending_ = true;
  writing_.store(true, std::memory_order_relaxed);
  context_.poller().send(*this, std::span(ranges).first(count));
}

void Session::resume_held() {
  context_.worker.assume();
  if (phase_ == SessionPhase::closed) {
    return;
  }
  debug_check(held_ == nullptr || input_ != InputState::flowing, "held commands block the input");
  if (input_ == InputState::yielded) {
    set_input(InputState::blocked);
  }
  if (held_ != nullptr && input_ != InputState::suspended) {
    const auto held = std::exchange(held_, nullptr);
    run(held->commands(), held->value_follows());
  }
  consume_pending();
  update_backpressure();
}

void Session::report(std::string_view bytes) {
  context_.worker.assume();
  if (phase_ == SessionPhase::closed) {
    return;
  }
  reply().append(bytes);
  flush_later();
}

void Session::close(CloseReason reason) {
  context_.worker.assume();
  if (phase_ == SessionPhase::closed) {
    return;
  }
  enter(SessionPhase::closed);
  context_.owner().on_close(*this, reason);
  if (log::enabled(log::Level::trace)) [[unlikely]] {
    trace_close(number());
  }
  held_.reset();
  value_.reset();
  context_.handler().forget(*this);
  // The reply stays until the poller has let go of what it is sending.
  context_.poller().close(*this);
}

bool Session::quiescent() const {
  context_.worker.assume();
  return input_ == InputState::flowing && !sending_ && held_ == nullptr && value_ == nullptr &&
         pending_.empty() && (reply_ == nullptr || reply_->empty());
}

bool Session::reply_full() const {
  return reply_ != nullptr && reply_->size() >= context_.options().max_unsent;
}

bool Session::over_budget() const {
  return turn_ == context_.turn() && turn_requests_ >= context_.requests_per_turn();
}

void Session::count_requests(size_t count) {
  if (turn_ != context_.turn()) {
    turn_ = context_.turn();
    turn_requests_ = 0;
  }
  turn_requests_ += static_cast<uint32_t>(count);
  context_.counters().requests += count;
}

/// Uses `bytes`, which came just now, and keeps what cannot be used yet.
void Session::take(std::span<const char> bytes) {
  debug_check(parser_.chosen(), "the first byte has been looked at");
  if (!must_wait() && pending_.empty()) {
    pending_.append(bytes.subspan(consume(bytes)));
    return;
  }
  pending_.append(bytes);
  consume_pending();
}

void Session::consume_pending() {
  if (!must_wait() && !pending_.empty()) {
    pending_.consume(consume(pending_.bytes()));
  }
}

/// Returns how much of `input` is done with: all, or up to a cut request or where it must wait.
size_t Session::consume(std::span<const char> input) {
  size_t used = 0;
  bool more_needed = false;
  while (phase_ < SessionPhase::input_closed && !must_wait()) {
    if (value_ != nullptr) {
      used += continue_value(input.subspan(used));
      if (value_ != nullptr) {
        break;
      }
      continue;
    }
    if (more_needed || used == input.size()) {
      break;
    }
    if (over_budget()) {
      yield();
      break;
    }
    if (phase_ == SessionPhase::unauthenticated) {
      const size_t size = log_in(input.subspan(used));
      used += size;
      more_needed = size == 0;
      continue;
    }
    const Parser::Step step = parse_and_run(input.subspan(used));
    used += step.consumed;
    more_needed = step.stop == Parser::Stop::more_input;
  }
  debug_check(used <= input.size(), "no more is used than came");
  return phase_ >= SessionPhase::input_closed ? input.size() : used;
}

Parser::Step Session::parse_and_run(std::span<const char> input) {
  const std::span<Command> scratch = context_.scratch();
  const Parser::Step step = parser_.parse(input, scratch);
  const bool value_follows = step.stop == Parser::Stop::value;
  debug_check(!value_follows || step.count < scratch.size(),
              "a command whose value follows is there");
  count_requests(step.count);
  run(scratch.first(step.count + (value_follows ? 1 : 0)), value_follows);
  if (step.stop == Parser::Stop::close) {
    refuse_input();
  }
  return step;
}

/// Answers one request of a client that has to log in. Returns its size, 0 when it is not all
/// there.
size_t Session::log_in(std::span<const char> input) {
  check(context_.options().authenticator != nullptr, "a login has a judge");
  const LoginStep step =
      answer_login(input, *context_.options().authenticator, context_.counters().logins, reply());
  if (step.granted) {
    enter(SessionPhase::serving);
  }
  if (step.close) {
    refuse_input();
  }
  if (step.value_follows) {
    debug_check(value_ == nullptr, "one value comes at a time");
    Command refused;
    refused.value_size = step.value_size;
    value_ = std::make_unique<ValueStream>(refused, nullptr);
  }
  count_requests(step.consumed > 0 ? 1 : 0);
  return step.consumed;
}

/// What came is no request: nothing more is parsed, and after what is held the session is closed.
void Session::refuse_input() {
  if (!listening()) {
    close_reason_ = CloseReason::error;
  }
  if (phase_ < SessionPhase::input_closed) {
    enter(SessionPhase::input_closed);
  }
}

/// Does `commands`, the last of which is one whose value follows if `value_follows`. What cannot
/// be done now is held.
void Session::run(std::span<const Command> commands, bool value_follows) {
  debug_check(!value_follows || !commands.empty(), "a value follows its command");
  const size_t whole = commands.size() - (value_follows ? 1 : 0);
  size_t done = 0;
  while (done < whole && may_execute()) {
    const auto progress = execute(commands.subspan(done, whole - done));
    done += progress.executed;
    apply(progress.next);
    if (progress.next == Next::ready && done < whole) {
      check(!reply().empty(), "a handler stops early only when the reply is full");
      break;
    }
    if (progress.next == Next::again) {
      break;
    }
  }
  if (phase_ == SessionPhase::closing || listening() || done == commands.size()) {
    return;
  }
  if (done == whole && input_ < InputState::yielded) {
    begin_value(commands.back());
    return;
  }
  debug_check(held_ == nullptr, "what is held is done before more is run");
  held_ = std::make_unique<HeldCommands>(commands.subspan(done), value_follows);
}

protocol::Progress Session::execute(std::span<const Command> batch) {
  const bool traced = log::enabled(log::Level::trace);
  const size_t before = reply().size();
  if (traced) [[unlikely]] {
    trace_commands(number(), batch);
  }
  const auto progress = context_.handler().execute(*this, batch, reply());
  debug_check(progress.executed <= batch.size(), "a handler does no more than it was given");
  if (traced) [[unlikely]] {
    trace_reply(number(), reply(), before);
  }
  return progress;
}

void Session::begin_value(const Command& command) {
  debug_check(value_ == nullptr, "one value comes at a time");
  if (log::enabled(log::Level::trace)) [[unlikely]] {
    trace_commands(number(), {&command, 1});
  }
  auto incoming = context_.handler().begin_value(*this, command, reply());
  value_ = std::make_unique<ValueStream>(command, std::move(incoming));
}

size_t Session::continue_value(std::span<const char> input) {
  const size_t taken = value_->take(input);
  if (!value_->complete()) {
    return taken;
  }
  const auto value = std::exchange(value_, nullptr);
  if (!value->swallowed()) {
    count_requests(1);
    const auto progress =
        context_.handler().finish_value(*this, value->command(), value->take_place(), reply());
    apply(progress.next);
  }
  return taken;
}

/// Does what the handler said is next.
void Session::apply(Next next) {
  switch (next) {
    case Next::ready:
      break;
    case Next::again:
      set_input(InputState::yielded);
      resume_later();
      break;
    case Next::suspended:
      set_input(InputState::suspended);
      break;
    case Next::close:
      enter(SessionPhase::closing);
      break;
    case Next::listen:
      check(!listening(), "a client listens from its first watch on");
      listening_.store(true, std::memory_order_relaxed);
      close_reason_ = CloseReason::normal;
      if (phase_ != SessionPhase::input_closed) {
        enter(SessionPhase::input_closed);
      }
      break;
  }
}

void Session::yield() {
  set_input(InputState::yielded);
  context_.counters().yields += 1;
  resume_later();
}

/// After every step: whether input waits, whether more of it is wanted; and what is to be sent is
/// sent at the end of the turn.
void Session::update_backpressure() {
  debug_check(phase_ != SessionPhase::closed, "a closed session has no input");
  const bool held = held_ != nullptr || input_ == InputState::suspended;
  if (phase_ == SessionPhase::input_closed && !held && !listening()) {
    enter(SessionPhase::closing);
  }
  if (input_ < InputState::yielded) {
    set_input(must_wait() ? InputState::blocked : InputState::flowing);
  }
  show_reading();
  const bool pause = held || reply_full() || pending_.size() > kMaxPending;
  if (pause != paused_ && !peer_ended_) {
    paused_ = pause;
    if (pause) {
      context_.poller().pause(*this);
    } else {
      context_.poller().resume(*this);
    }
  }
  flush_later();
}

void Session::show_reading() {
  debug_check(input_ != InputState::flowing || !must_wait(), "input that must wait does not flow");
  // A whole line that is left, though nothing waits, is one whose value is still to come.
  const bool value =
      value_ != nullptr || (!pending_.empty() && input_ == InputState::flowing &&
                            std::ranges::find(pending_.bytes(), '\n') != pending_.bytes().end());
  reading_.store(value ? Reading::value : Reading::request, std::memory_order_relaxed);
}

protocol::ReplyBuffer& Session::reply() {
  if (reply_ == nullptr) {
    reply_ = context_.replies().take();
  }
  return *reply_;
}

/// The reply is sent: its buffer goes back, unless a suspended call still writes to it.
void Session::end_reply() {
  debug_check(!sending_ && (reply_ == nullptr || reply_->empty()), "an end comes when all is sent");
  if (reply_ != nullptr && input_ != InputState::suspended) {
    context_.replies().put(std::move(reply_));
  }
  writing_.store(false, std::memory_order_relaxed);
}

}  // namespace ember::server::session
