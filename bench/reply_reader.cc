// SPDX-License-Identifier: BSD-3-Clause
#include "bench/reply_reader.h"

#include "base/check.h"

namespace ember::bench {

using protocol::ReplyKind;
using Stop = protocol::ReplyParser::Stop;

std::string_view ReplyReader::consume(std::string_view bytes, InFlight& asked, ReplySink& sink) {
  while (!bytes.empty() && !broken_) {
    const auto step = parser_.parse(bytes, reply_);
    debug_check(step.consumed <= bytes.size(), "a reply lies within what was received");
    switch (step.stop) {
      case Stop::more_input:
        return bytes.substr(step.consumed);
      case Stop::broken:
        break_off(bytes.substr(0, bytes.find_first_of("\r\n")), sink);
        break;
      case Stop::value_begins:
        begin_value(asked, sink);
        break;
      case Stop::value_part:
        verify_part();
        break;
      case Stop::reply:
        take_reply(asked, sink);
        break;
    }
    bytes.remove_prefix(step.consumed);
  }
  return {};
}

void ReplyReader::take_reply(InFlight& asked, ReplySink& sink) {
  if (carries_value(reply_.kind)) {
    if (!reply_.line.empty()) {  // all of it came at once
      begin_value(asked, sink);
      verify_part();
    }
    end_value(asked, sink);
  } else if (asked.empty()) {
    break_off(reply_.line, sink);
  } else if (asked.front().verb == Verb::set) {
    take_set_reply(asked, sink);
  } else if (options_.dialect == Dialect::classic) {
    take_classic_reply(asked, sink);
  } else {
    take_meta_reply(asked, sink);
  }
}

/// The line of a value: finds the key it is for.
void ReplyReader::begin_value(InFlight& asked, ReplySink& sink) {
  const auto expected =
      options_.dialect == Dialect::classic ? ReplyKind::value : ReplyKind::meta_value;
  value_done_ = 0;
  intact_ = true;
  if (asked.empty() || asked.front().verb != Verb::get || reply_.kind != expected) {
    break_off(reply_.line, sink);
  } else if (reply_.kind == ReplyKind::meta_value) {
    value_key_ = asked.take_key();
  } else {
    const auto index = keys_.index_of(reply_.key);
    if (!index || !find_key(*index, asked, sink)) {
      break_off(reply_.line, sink);  // a key that was not asked for
    }
  }
}

/// A classic value's key: the keys asked for before it missed. Returns whether it was asked for.
bool ReplyReader::find_key(uint64_t index, InFlight& asked, ReplySink& sink) {
  debug_check(keys_done_ <= asked.front().width, "no more keys are answered than asked for");
  for (; keys_done_ < asked.front().width; ++keys_done_) {
    const uint64_t next = asked.take_key();
    if (next == index) {
      value_key_ = next;
      return true;
    }
    sink.answered(next, Answer::miss, 0);
  }
  return false;
}

void ReplyReader::verify_part() {
  debug_check(reply_.value.size() <= reply_.value_size - value_done_,
              "the parts of a value are no longer than it");
  if (options_.verify && !broken_) {
    intact_ = intact_ && values_.matches(value_key_, reply_.value_size, value_done_, reply_.value);
  }
  value_done_ += reply_.value.size();
}

void ReplyReader::end_value(InFlight& asked, ReplySink& sink) {
  if (broken_) {
    return;
  }
  check(value_done_ == reply_.value_size, "a value ends when all of it came");
  if (!intact_) {
    sink.corrupt(value_key_);
  }
  sink.answered(value_key_, Answer::hit, reply_.value_size);
  ++keys_done_;
  if (options_.dialect == Dialect::meta && keys_done_ == asked.front().width) {
    end_request(asked, sink);
  }
}

void ReplyReader::take_set_reply(InFlight& asked, ReplySink& sink) {
  const auto expected =
      options_.dialect == Dialect::classic ? ReplyKind::stored : ReplyKind::meta_done;
  debug_check(asked.front().width == 1, "a set has one key");
  const bool stored = reply_.kind == expected;
  if (!stored) {
    sink.error_line(reply_.line);
  }
  sink.answered(asked.take_key(), stored ? Answer::stored : Answer::error, 0);
  end_request(asked, sink);
}

void ReplyReader::take_classic_reply(InFlight& asked, ReplySink& sink) {
  const bool end = reply_.kind == ReplyKind::end;
  if (!end) {
    sink.error_line(reply_.line);
  }
  skip_rest(asked, sink, end ? Answer::miss : Answer::error);
  end_request(asked, sink);
}

void ReplyReader::take_meta_reply(InFlight& asked, ReplySink& sink) {
  debug_check(keys_done_ < asked.front().width, "a key is without an answer");
  const bool miss = reply_.kind == ReplyKind::meta_miss;
  if (!miss) {
    sink.error_line(reply_.line);
  }
  sink.answered(asked.take_key(), miss ? Answer::miss : Answer::error, 0);
  if (++keys_done_ == asked.front().width) {
    end_request(asked, sink);
  }
}

/// The keys of a classic get that no value came for.
void ReplyReader::skip_rest(InFlight& asked, ReplySink& sink, Answer answer) {
  for (; keys_done_ < asked.front().width; ++keys_done_) {
    sink.answered(asked.take_key(), answer, 0);
  }
}

void ReplyReader::end_request(InFlight& asked, ReplySink& sink) {
  debug_check(asked.front().verb == Verb::set || keys_done_ == asked.front().width,
              "a request ends when each of its keys is answered");
  keys_done_ = 0;
  const Request request = asked.front();
  asked.pop();
  sink.finished(request);
}

void ReplyReader::break_off(std::string_view line, ReplySink& sink) {
  sink.error_line(line);
  broken_ = true;
}

}  // namespace ember::bench
