// SPDX-License-Identifier: BSD-3-Clause
// ReplyReader: matches a stream of replies to what was asked (InFlight) and verifies every value in
// it. Values are compared as they arrive and never copied. Not the replies' bytes: that is
// protocol::ReplyParser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/in_flight.h"
#include "bench/key_space.h"
#include "bench/request_writer.h"
#include "bench/value_space.h"
#include "protocol/reply_parser.h"

namespace ember::bench {

enum class Answer : uint8_t { hit, miss, stored, error };

/// What a reader tells whoever issued the requests.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  /// One key's answer, in order; value_size for hits.
  virtual void answered(uint64_t key, Answer answer, size_t value_size) = 0;
  /// A request is answered in full.
  virtual void finished(const Request& request) = 0;
  /// A reply that says neither yes nor no ("SERVER_ERROR ...").
  virtual void error_line(std::string_view line) = 0;
  /// A hit whose bytes are not those of its key.
  virtual void corrupt(uint64_t key) = 0;
};

struct ReaderOptions {
  Dialect dialect = Dialect::classic;
  bool verify = true;
};

class ReplyReader {
 public:
  /// The longest line of a reply; a longer one is broken.
  static constexpr size_t kMaxLineSize = 1024;

  /// All outlive the reader.
  ReplyReader(const ReaderOptions& options, const KeySpace& keys, const ValueSpace& values)
      : options_(options),
        keys_(keys),
        values_(values),
        parser_({.max_line_size = kMaxLineSize, .max_buffered_value = 0}) {}

  /// Takes what it can; returns the beginning of a line that is not all there, to be given again
  /// in front of what follows. Stops at an answer nobody asked for (see broken()).
  std::string_view consume(std::string_view bytes, InFlight& asked, ReplySink& sink);

  /// The stream and the requests do not fit each other: the connection is of no use.
  bool broken() const { return broken_; }

 private:
  void take_reply(InFlight& asked, ReplySink& sink);
  void begin_value(InFlight& asked, ReplySink& sink);
  bool find_key(uint64_t index, InFlight& asked, ReplySink& sink);
  void verify_part();
  void end_value(InFlight& asked, ReplySink& sink);
  void take_set_reply(InFlight& asked, ReplySink& sink);
  void take_classic_reply(InFlight& asked, ReplySink& sink);
  void take_meta_reply(InFlight& asked, ReplySink& sink);
  void skip_rest(InFlight& asked, ReplySink& sink, Answer answer);
  void end_request(InFlight& asked, ReplySink& sink);
  void break_off(std::string_view line, ReplySink& sink);

  ReaderOptions options_;
  const KeySpace& keys_;
  const ValueSpace& values_;
  protocol::ReplyParser parser_;
  protocol::Reply reply_;   // the last one, or the one whose value is coming
  uint32_t keys_done_ = 0;  // of the oldest request
  bool intact_ = true;      // the value so far
  bool broken_ = false;
  uint64_t value_key_ = 0;
  size_t value_done_ = 0;
};

}  // namespace ember::bench
