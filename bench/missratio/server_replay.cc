// SPDX-License-Identifier: BSD-3-Clause
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/fd.h"
#include "bench/address.h"
#include "bench/in_flight.h"
#include "bench/missratio/replay.h"
#include "bench/out_buffer.h"
#include "bench/reply_reader.h"
#include "bench/request_writer.h"
#include "bench/value_space.h"

namespace ember::bench {
namespace {

constexpr size_t kReadSize = 256 * 1024;
constexpr size_t kCarryRoom = ReplyReader::kMaxLineSize;
constexpr uint32_t kMaxBatch = 1024;

/// Sends gets in batches; the sets of the keys that missed go in front of the next batch.
class ServerReplay : private ReplySink {
 public:
  ServerReplay(const Trace& trace, const KeySpace& keys, const ServerReplayOptions& options, Fd fd)
      : trace_(trace),
        batch_(std::clamp(options.batch, uint32_t{1}, kMaxBatch)),
        fd_(std::move(fd)),
        values_(*SizeDistribution::parse("1")),
        writer_(Dialect::classic, keys, values_),
        reader_({}, keys, values_),
        asked_(2 * kMaxBatch, 1),
        batch_of_key_(trace.key_count, std::numeric_limits<uint32_t>::max()),
        input_(kCarryRoom + kReadSize) {}

  Result<ReplayResult> run();

 private:
  void ask_batch();
  void wait_for(uint32_t second);
  Result<void> exchange();
  Result<void> receive();

  void answered(uint64_t key, Answer answer, size_t value_size) override;
  void finished(const Request&) override {}
  void error_line(std::string_view line) override {
    if (result_.first_error.empty()) {
      result_.first_error = line;
    }
  }
  void corrupt(uint64_t) override { ++result_.corrupt; }

  const Trace& trace_;
  uint32_t batch_;
  Fd fd_;
  ValueSpace values_;
  RequestWriter writer_;
  ReplyReader reader_;
  InFlight asked_;
  std::vector<uint32_t> batch_of_key_;  // the last batch that asked for a key
  uint32_t batch_number_ = 0;
  size_t next_ = 0;  // request of the trace
  size_t answering_ = 0;
  std::vector<TraceRequest> missed_;
  std::vector<char> input_;
  std::string carry_;
  OutBuffer output_;
  std::chrono::steady_clock::time_point start_;
  ReplayResult result_;
};

Result<ReplayResult> ServerReplay::run() {
  start_ = std::chrono::steady_clock::now();
  while (next_ < trace_.requests.size() || !missed_.empty()) {
    ask_batch();
    if (auto done = exchange(); !done) {
      return std::unexpected(done.error());
    }
  }
  check(result_.requests == trace_.requests.size(), "each request is counted");
  result_.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  return result_;
}

void ServerReplay::ask_batch() {
  check(asked_.empty(), "a batch begins when the last one is answered");
  output_.clear();
  for (const TraceRequest& request : missed_) {
    const uint64_t key = request.key;
    writer_.set(output_, key, request.size, request.ttl);
    asked_.push(Verb::set, {&key, 1}, 0);
  }
  missed_.clear();
  if (trace_.timed && next_ < trace_.requests.size()) {
    wait_for(trace_.requests[next_].second);
  }
  ++batch_number_;
  for (uint32_t count = 0; count < batch_ && next_ < trace_.requests.size(); ++count) {
    const TraceRequest& request = trace_.requests[next_];
    uint32_t& last_batch = batch_of_key_[request.key];
    const bool later =
        trace_.timed && count > 0 && request.second != trace_.requests[next_ - 1].second;
    if (last_batch == batch_number_ || later) {
      return;
    }
    last_batch = batch_number_;
    const uint64_t key = request.key;
    writer_.get(output_, {&key, 1});
    asked_.push(Verb::get, {&key, 1}, 0);
    ++next_;
  }
}

void ServerReplay::wait_for(uint32_t second) {
  std::this_thread::sleep_until(start_ + std::chrono::seconds(second));
}

Result<void> ServerReplay::exchange() {
  std::string_view bytes = output_.view();
  while (!bytes.empty() || !asked_.empty()) {
    if (!bytes.empty()) {
      const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN) {
        return fail_errno("cannot send to the server", errno);
      }
      bytes.remove_prefix(sent < 0 ? 0 : static_cast<size_t>(sent));
      // A full socket means the server waits for us to read: do that.
    }
    if (auto done = receive(); !done) {
      return done;
    }
  }
  check(answering_ == next_, "each request of the batch is answered");
  return {};
}

Result<void> ServerReplay::receive() {
  check(carry_.size() <= kCarryRoom, "the beginning of a line fits before what is received");
  char* const start = input_.data() + kCarryRoom;
  const ssize_t got = recv(fd_.get(), start, kReadSize, 0);
  if (got <= 0) {
    return fail_errno("the server closed the connection", got == 0 ? ECONNRESET : errno);
  }
  std::memcpy(start - carry_.size(), carry_.data(), carry_.size());
  const std::string_view rest = reader_.consume(
      {start - carry_.size(), carry_.size() + static_cast<size_t>(got)}, asked_, *this);
  if (reader_.broken() || rest.size() > kCarryRoom) {
    return fail("the server's answers do not fit the requests; first odd line: '" +
                result_.first_error + "'");
  }
  carry_.assign(rest);
  return {};
}

void ServerReplay::answered(uint64_t, Answer answer, size_t) {
  if (asked_.front().verb == Verb::set) {
    result_.refused += answer == Answer::stored ? 0U : 1U;
    return;
  }
  check(answering_ < next_, "an answer is to a request that was sent");
  const TraceRequest& request = trace_.requests[answering_++];
  ++result_.requests;
  result_.request_bytes += request.size;
  if (answer != Answer::hit) {
    ++result_.misses;
    result_.miss_bytes += request.size;
    missed_.push_back(request);
  }
}

}  // namespace

Result<ReplayResult> replay_to_server(const Trace& trace, const KeySpace& keys,
                                      const ServerReplayOptions& options) {
  auto address = Address::parse(options.server);
  if (!address) {
    return std::unexpected(address.error());
  }
  auto fd = address->connect();
  if (!fd) {
    return std::unexpected(fd.error());
  }
  return ServerReplay(trace, keys, options, std::move(*fd)).run();
}

}  // namespace ember::bench
