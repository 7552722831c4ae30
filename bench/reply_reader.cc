// SPDX-License-Identifier: BSD-3-Clause
#include "bench/reply_reader.h"

#include <algorithm>
#include <cstring>

#include "base/numbers.h"

namespace ember::bench {

std::string_view ReplyReader::consume(std::string_view bytes, InFlight& asked, ReplySink& sink) {
  while (!bytes.empty() && !broken_) {
    if (in_value_) {
      bytes = take_value(bytes, asked, sink);
      continue;
    }
    const void* newline = std::memchr(bytes.data(), '\n', bytes.size());
    if (newline == nullptr) {
      return bytes;
    }
    const auto size = static_cast<size_t>(static_cast<const char*>(newline) - bytes.data());
    const std::string_view line =
        bytes.substr(0, size > 0 && bytes[size - 1] == '\r' ? size - 1 : size);
    take_line(line, asked, sink);
    bytes.remove_prefix(size + 1);
  }
  return {};
}

std::string_view ReplyReader::take_value(std::string_view bytes, InFlight& asked, ReplySink& sink) {
  constexpr std::string_view kLineEnd = "\r\n";
  if (value_done_ < value_size_) {
    const std::string_view piece = bytes.substr(0, value_size_ - value_done_);
    if (options_.verify) {
      sound_ = sound_ && values_.matches(value_key_, value_size_, value_done_, piece);
    }
    value_done_ += piece.size();
    bytes.remove_prefix(piece.size());
  }
  while (!bytes.empty() && value_done_ < value_size_ + kLineEnd.size()) {
    broken_ = broken_ || bytes[0] != kLineEnd[value_done_ - value_size_];
    ++value_done_;
    bytes.remove_prefix(1);
  }
  if (value_done_ == value_size_ + kLineEnd.size()) {
    in_value_ = false;
    if (!sound_) {
      sink.corrupt(value_key_);
    }
    sink.answered(value_key_, Answer::hit, value_size_);
    ++keys_done_;
    if (options_.dialect == Dialect::meta && keys_done_ == asked.front().width) {
      end_request(asked, sink);
    }
  }
  return bytes;
}

void ReplyReader::take_line(std::string_view line, InFlight& asked, ReplySink& sink) {
  if (asked.empty()) {
    sink.error_line(line);
    broken_ = true;
  } else if (asked.front().verb == Verb::set) {
    take_set_line(line, asked, sink);
  } else if (options_.dialect == Dialect::classic) {
    take_classic_line(line, asked, sink);
  } else {
    take_meta_line(line, asked, sink);
  }
}

void ReplyReader::take_set_line(std::string_view line, InFlight& asked, ReplySink& sink) {
  const bool stored = options_.dialect == Dialect::classic ? line == "STORED" : line == "HD";
  if (!stored) {
    sink.error_line(line);
  }
  sink.answered(asked.take_key(), stored ? Answer::stored : Answer::error, 0);
  end_request(asked, sink);
}

void ReplyReader::take_classic_line(std::string_view line, InFlight& asked, ReplySink& sink) {
  constexpr std::string_view kValue = "VALUE ";
  if (line == "END") {
    miss_rest(asked, sink, Answer::miss);
    end_request(asked, sink);
    return;
  }
  if (!line.starts_with(kValue)) {
    sink.error_line(line);
    miss_rest(asked, sink, Answer::error);
    end_request(asked, sink);
    return;
  }
  line.remove_prefix(kValue.size());
  const std::string_view key = line.substr(0, line.find(' '));
  const auto index = keys_.index_of(key);
  while (index && keys_done_ < asked.front().width) {
    const uint64_t next = asked.take_key();
    if (next == *index) {
      begin_value(next, line.substr(line.rfind(' ') + 1));
      return;
    }
    sink.answered(next, Answer::miss, 0);
    ++keys_done_;
  }
  sink.error_line(line);  // a key that was not asked for
  broken_ = true;
}

void ReplyReader::take_meta_line(std::string_view line, InFlight& asked, ReplySink& sink) {
  const uint64_t key = asked.take_key();
  if (line.starts_with("VA ")) {
    const std::string_view rest = line.substr(3);
    begin_value(key, rest.substr(0, rest.find(' ')));
    return;
  }
  const bool miss = line == "EN";
  if (!miss) {
    sink.error_line(line);
  }
  sink.answered(key, miss ? Answer::miss : Answer::error, 0);
  if (++keys_done_ == asked.front().width) {
    end_request(asked, sink);
  }
}

void ReplyReader::begin_value(uint64_t key, std::string_view size) {
  const auto value_size = parse_u64(size);
  broken_ = !value_size;
  value_key_ = key;
  value_size_ = value_size.value_or(0);
  value_done_ = 0;
  in_value_ = true;
  sound_ = true;
}

void ReplyReader::miss_rest(InFlight& asked, ReplySink& sink, Answer answer) {
  for (; keys_done_ < asked.front().width; ++keys_done_) {
    sink.answered(asked.take_key(), answer, 0);
  }
}

void ReplyReader::end_request(InFlight& asked, ReplySink& sink) {
  keys_done_ = 0;
  const Request request = asked.front();
  asked.pop();
  sink.finished(request);
}

}  // namespace ember::bench
