// SPDX-License-Identifier: BSD-3-Clause
// ReplyReader: finds the ends of replies in a stream of bytes and verifies every value in it.
// It knows what was asked (InFlight), so it looks at little more than the first letters of lines.
// Values are compared as they arrive and never copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/in_flight.h"
#include "bench/key_space.h"
#include "bench/request_writer.h"
#include "bench/value_space.h"

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
  /// All outlive the reader.
  ReplyReader(const ReaderOptions& options, const KeySpace& keys, const ValueSpace& values)
      : options_(options), keys_(keys), values_(values) {}

  /// Takes what it can; returns the beginning of a line that is not all there, to be given again
  /// in front of what follows. Stops at an answer nobody asked for (see broken()).
  std::string_view consume(std::string_view bytes, InFlight& asked, ReplySink& sink);

  /// The stream and the requests do not fit each other: the connection is of no use.
  bool broken() const { return broken_; }

 private:
  std::string_view take_value(std::string_view bytes, InFlight& asked, ReplySink& sink);
  void take_line(std::string_view line, InFlight& asked, ReplySink& sink);
  void take_set_line(std::string_view line, InFlight& asked, ReplySink& sink);
  void take_classic_line(std::string_view line, InFlight& asked, ReplySink& sink);
  void take_meta_line(std::string_view line, InFlight& asked, ReplySink& sink);
  void begin_value(uint64_t key, std::string_view size);
  void miss_rest(InFlight& asked, ReplySink& sink, Answer answer);
  void end_request(InFlight& asked, ReplySink& sink);

  ReaderOptions options_;
  const KeySpace& keys_;
  const ValueSpace& values_;
  uint32_t keys_done_ = 0;  // of the oldest request
  bool in_value_ = false;
  bool sound_ = true;  // the value so far
  bool broken_ = false;
  uint64_t value_key_ = 0;
  size_t value_size_ = 0;
  size_t value_done_ = 0;  // its line end included
};

}  // namespace ember::bench
