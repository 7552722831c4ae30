// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/session.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/log.h"
#include "protocol/binary_header.h"
#include "server/session/command_trace.h"
#include "server/session/login.h"
#include "server/session/session_set.h"

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

Session::Session(SessionSet& set, uint32_t listener)
    : set_(set),
      parser_(std::in_place_type<Parser>, set.options().parser),
      listener_(listener),
      last_active_(set.clock().now()),
      stranger_(set.options().may_log_in != nullptr) {}

void Session::on_receive(std::span<const char> bytes) {
  if (closed_ || finishing_ || cut_) {
    return;  // what follows a quit
  }
  set_.own_counters().bytes_read += bytes.size();
  last_active_.store(set_.clock().now(), std::memory_order_relaxed);
  if (!started_) {
    start(bytes.front());
  }
  use(bytes);
  regulate();
}

/// Decides by the first byte what this connection speaks, to its end.
void Session::start(char first) {
  started_ = true;
  // Logging in is part of the text protocol.
  const Dialect dialect = stranger_ ? Dialect::text : set_.options_of(listener_).dialect;
  const bool looks_binary = first == protocol::kBinaryRequestMagic;
  if (dialect == Dialect::binary || (dialect == Dialect::by_first_byte && looks_binary)) {
    parser_.emplace<protocol::BinaryParser>(set_.options().parser);
  }
}

void Session::on_end(int error) {
  ended_ = true;
  if (error != 0) {
    close(CloseReason::error);
    return;
  }
  // What came before the end is still answered.
  set_.mark_dirty(*this);
}

void Session::on_sent(size_t size, int error) {
  sending_ = false;
  if (error != 0) {
    close(CloseReason::error);
    return;
  }
  set_.own_counters().bytes_written += size;
  reply_->consume(size);
  const bool low = reply_->size() <= set_.options().max_unsent / kLowWaterPart;
  if (reply_->empty()) {
    give_reply();
  }
  if (reply_ != nullptr || finishing_ || ended_ || draining_) {
    set_.mark_dirty(*this);
  }
  if (stuck_ && low && !suspended_) {
    set_.mark_ready(*this);
  }
  if (reply_ == nullptr && listening()) {
    set_.handler().reported(*this);
  }
}

void Session::on_released() { set_.destroy(*this); }

void Session::resume() {
  check(suspended_, "only a suspended call resumes");
  suspended_ = false;
  set_.mark_ready(*this);
}

void Session::flush() {
  if (closed_ || sending_) {
    return;
  }
  if (reply_ != nullptr && !reply_->empty()) {
    send_some();
    return;
  }
  give_reply();
  const bool done = ended_ && !stuck_;
  const bool drained = draining_ && quiescent();
  if (finishing_ || done || drained) {
    // Cut off by the parser: what came was no request.
    const bool refused = cut_ && !listening() && !ended_;
    close(drained ? CloseReason::shutdown : refused ? CloseReason::error : CloseReason::normal);
  }
}

void Session::send_some() {
  std::array<iovec, net::Poller::kMaxRanges> ranges;
  const size_t count = reply_->gather(ranges);
  sending_ = true;
  writing_.store(true, std::memory_order_relaxed);
  set_.poller().send(*this, std::span(ranges).first(count));
}

void Session::proceed() {
  if (closed_) {
    return;
  }
  yielded_ = false;
  if (held_ != nullptr && !suspended_) {
    const auto held = std::exchange(held_, nullptr);
    run(held->commands(), held_value_);
  }
  use_pending();
  regulate();
}

void Session::report(std::string_view bytes) {
  if (closed_) {
    return;
  }
  reply().append(bytes);
  set_.mark_dirty(*this);
}

void Session::close(CloseReason reason) {
  if (closed_) {
    return;
  }
  closed_ = true;
  set_.tell_close(*this, reason);
  if (log::enabled(log::Level::trace)) [[unlikely]] {
    trace_close(number());
  }
  held_.reset();
  value_.reset();
  set_.handler().forget(*this);
  set_.unlist(*this);
  // The reply stays until the poller has let go of what it is sending.
  set_.poller().close(*this);
}

bool Session::quiescent() const {
  return !stuck_ && !sending_ && held_ == nullptr && value_ == nullptr && pending_.empty() &&
         (reply_ == nullptr || reply_->empty());
}

void Session::drain() {
  draining_ = true;
  set_.mark_dirty(*this);
}

bool Session::reply_full() const {
  return reply_ != nullptr && reply_->size() >= set_.options().max_unsent;
}

bool Session::over_budget() const {
  return turn_ == set_.turn() &&
         turn_requests_ >= set_.options().requests_per_event * SessionSet::kYieldFactor;
}

void Session::count_requests(size_t count) {
  if (turn_ != set_.turn()) {
    turn_ = set_.turn();
    turn_requests_ = 0;
  }
  turn_requests_ += static_cast<uint32_t>(count);
  set_.own_counters().requests += count;
}

void Session::use(std::span<const char> bytes) {
  if (!waiting() && pending_.empty()) {
    pending_.append(bytes.subspan(consume(bytes)));
    return;
  }
  pending_.append(bytes);
  use_pending();
}

void Session::use_pending() {
  if (!waiting() && !pending_.empty()) {
    pending_.consume(consume(pending_.bytes()));
  }
}

/// Returns how much of `input` is done with: all, or up to a cut request or where it must wait.
size_t Session::consume(std::span<const char> input) {
  size_t used = 0;
  bool more_needed = false;
  while (!waiting() && !cut_ && !finishing_) {
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
    if (stranger_) {
      const size_t heard = log_in(input.subspan(used));
      used += heard;
      more_needed = heard == 0;
      continue;
    }
    const Parser::Step step = parse_and_run(input.subspan(used));
    used += step.consumed;
    more_needed = step.stop == Parser::Stop::more_input;
  }
  return cut_ || finishing_ ? input.size() : used;
}

Parser::Step Session::parse(std::span<const char> input) {
  auto* const text = std::get_if<Parser>(&parser_);
  return text != nullptr ? text->parse(input, set_.scratch())
                         : std::get<protocol::BinaryParser>(parser_).parse(input, set_.scratch());
}

Parser::Step Session::parse_and_run(std::span<const char> input) {
  const std::span<Command> scratch = set_.scratch();
  const Parser::Step step = parse(input);
  const bool value_follows = step.stop == Parser::Stop::value;
  count_requests(step.count);
  run(scratch.first(step.count + (value_follows ? 1 : 0)), value_follows);
  if (step.stop == Parser::Stop::close) {
    cut_ = true;
  }
  return step;
}

/// Hears one request of a client that has to log in; returns its size, 0 when it is not all
/// there.
size_t Session::log_in(std::span<const char> input) {
  const LoginStep step =
      hear_login(input, set_.options().may_log_in, set_.own_counters().logins, reply());
  stranger_ = !step.granted;
  cut_ = step.close;
  if (step.value_follows) {
    Command refused;
    refused.value_size = step.value_size;
    value_ = std::make_unique<ValueStream>(refused, nullptr);
  }
  count_requests(step.consumed > 0 ? 1 : 0);
  return step.consumed;
}

/// Does `commands`, the last of which is one whose value follows if `value_follows`. What cannot
/// be done now is held.
void Session::run(std::span<const Command> commands, bool value_follows) {
  const size_t whole = commands.size() - (value_follows ? 1 : 0);
  size_t done = 0;
  while (done < whole && !suspended_ && !finishing_ && !listening()) {
    const auto batch = commands.subspan(done, whole - done);
    const bool traced = log::enabled(log::Level::trace);
    const size_t before = reply().size();
    if (traced) [[unlikely]] {
      trace_commands(number(), batch);
    }
    const auto progress = set_.handler().execute(*this, batch, reply());
    if (traced) [[unlikely]] {
      trace_reply(number(), reply(), before);
    }
    done += progress.executed;
    obey(progress.next);
    if (progress.next == Next::ready && done < whole) {
      check(!reply().empty(), "a handler stops early only when the reply is full");
      break;
    }
    if (progress.next == Next::again) {
      break;
    }
  }
  if (finishing_ || listening() || done == commands.size()) {
    return;
  }
  if (done == whole && !suspended_ && !yielded_) {
    begin_value(commands.back());
    return;
  }
  held_ = std::make_unique<HeldCommands>(commands.subspan(done));
  held_value_ = value_follows;
}

void Session::begin_value(const Command& command) {
  if (log::enabled(log::Level::trace)) [[unlikely]] {
    trace_commands(number(), {&command, 1});
  }
  auto place = set_.handler().begin_value(*this, command, reply());
  value_ = std::make_unique<ValueStream>(command, std::move(place));
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
        set_.handler().finish_value(*this, value->command(), value->take_place(), reply());
    obey(progress.next);
  }
  return taken;
}

void Session::obey(Next next) {
  if (next == Next::again) {
    yielded_ = true;
    set_.mark_ready(*this);
  }
  suspended_ = next == Next::suspended;
  finishing_ = finishing_ || next == Next::close;
  if (next == Next::listen) {
    listening_.store(true, std::memory_order_relaxed);
    cut_ = true;
  }
}

void Session::yield() {
  yielded_ = true;
  set_.own_counters().yields += 1;
  set_.mark_ready(*this);
}

/// After every step: whether input waits, whether more of it is wanted; and what is to be sent is
/// sent at the end of the turn.
void Session::regulate() {
  if (cut_ && held_ == nullptr && !suspended_ && !listening()) {
    finishing_ = true;
  }
  stuck_ = waiting();
  show_reading();
  const bool pause =
      held_ != nullptr || suspended_ || reply_full() || pending_.size() > kMaxPending;
  if (pause != paused_ && !ended_) {
    paused_ = pause;
    if (pause) {
      set_.poller().pause(*this);
    } else {
      set_.poller().resume(*this);
    }
  }
  set_.mark_dirty(*this);
}

void Session::show_reading() {
  // A whole line that is left, though nothing waits, is one whose value is still to come.
  const bool value =
      value_ != nullptr || (!pending_.empty() && !stuck_ &&
                            std::ranges::find(pending_.bytes(), '\n') != pending_.bytes().end());
  reading_.store(value ? Reading::value : Reading::request, std::memory_order_relaxed);
}

protocol::ReplyBuffer& Session::reply() {
  if (reply_ == nullptr) {
    reply_ = set_.take_reply();
  }
  return *reply_;
}

void Session::give_reply() {
  if (reply_ != nullptr && !suspended_) {
    set_.give_reply(std::move(reply_));
  }
  writing_.store(false, std::memory_order_relaxed);
}

}  // namespace ember::server::session
