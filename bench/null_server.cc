// SPDX-License-Identifier: BSD-3-Clause
// ember-null-server: the floor under every figure of a memcached server. It finds where requests
// end and answers constants, all answers of one read in one send, over epoll, on one thread.
// There is no cache behind it: every get is a hit with the same value.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gflags/gflags.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/fd.h"
#include "base/numbers.h"
#include "base/result.h"

DEFINE_uint32(port, 11211, "port on 127.0.0.1");
DEFINE_uint32(value_size, 100, "size of the value every get is answered with");

namespace ember::bench {
namespace {

constexpr size_t kReadSize = 256 * 1024;
constexpr size_t kCopyBelow = 16 * 1024;
constexpr size_t kMaxParts = 64;

struct Connection {
  Fd fd;
  std::string carry;   // the beginning of a line
  size_t swallow = 0;  // bytes of a set's value still to come
  std::string unsent;
  bool wants_write = false;
};

/// A part of an answer: a constant, or a range of the output.
struct Part {
  const char* constant = nullptr;  // null: in the output
  size_t start = 0;
  size_t size = 0;
};

class NullServer {
 public:
  NullServer() : value_(FLAGS_value_size, 'v'), input_(kReadSize) {
    value_text_ = fmt::format(" 0 {}\r\n{}\r\n", value_.size(), value_);
    meta_text_ = fmt::format("VA {}\r\n{}\r\n", value_.size(), value_);
  }

  Result<void> listen();
  [[noreturn]] void run();

 private:
  void accept_one();
  bool receive(Connection& connection);
  bool flush(Connection& connection);
  void answer(Connection& connection, std::string_view bytes);
  void answer_line(Connection& connection, std::string_view line);
  void swallow_value(Connection& connection, std::string_view size);

  void append(std::string_view text);
  void append_value(std::string_view text);
  bool send_output(Connection& connection);

  std::string value_;
  std::string value_text_;
  std::string meta_text_;
  std::vector<char> input_;
  std::string output_;
  std::vector<Part> parts_;  // of the answer, in order
  Fd listener_;
  Fd epoll_{epoll_create1(0)};
};

Result<void> NullServer::listen() {
  listener_ = Fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const int on = 1;
  setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<uint16_t>(FLAGS_port));
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0 ||
      ::listen(listener_.get(), 1024) != 0) {
    return fail_errno(fmt::format("cannot listen on port {}", FLAGS_port), errno);
  }
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &event);
  return {};
}

void NullServer::run() {
  std::array<epoll_event, 256> events;
  while (true) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int number = 0; number < count; ++number) {
      const epoll_event& event = events[static_cast<size_t>(number)];
      if (event.data.ptr == nullptr) {
        accept_one();
        continue;
      }
      auto* connection = static_cast<Connection*>(event.data.ptr);
      const bool alive = (event.events & EPOLLOUT) != 0 ? flush(*connection) : true;
      if (!alive || !receive(*connection)) {
        delete connection;  // NOLINT: owned by the epoll set
      }
    }
  }
}

void NullServer::accept_one() {
  const int number = accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK);
  if (number < 0) {
    return;
  }
  const int on = 1;
  setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  auto* connection =
      new Connection{Fd(number), {}, 0, {}, false};  // NOLINT: owned by the epoll set
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = connection;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, number, &event);
}

bool NullServer::receive(Connection& connection) {
  const ssize_t got = recv(connection.fd.get(), input_.data(), kReadSize, 0);
  if (got <= 0) {
    return got < 0 && errno == EAGAIN;
  }
  output_.clear();
  parts_.clear();
  const std::string_view bytes(input_.data(), static_cast<size_t>(got));
  if (connection.carry.empty()) {
    answer(connection, bytes);
  } else {
    const std::string whole = connection.carry + std::string(bytes);
    connection.carry.clear();
    answer(connection, whole);
  }
  return parts_.empty() || send_output(connection);
}

void NullServer::append(std::string_view text) {
  if (parts_.empty() || parts_.back().constant != nullptr) {
    parts_.push_back({.constant = nullptr, .start = output_.size(), .size = 0});
  }
  parts_.back().size += text.size();
  output_ += text;
}

/// Small values are cheaper to copy, large ones to refer to.
void NullServer::append_value(std::string_view text) {
  if (text.size() < kCopyBelow) {
    append(text);
  } else {
    parts_.push_back({.constant = text.data(), .start = 0, .size = text.size()});
  }
}

bool NullServer::send_output(Connection& connection) {
  std::array<iovec, kMaxParts> ranges;
  size_t skip = 0;
  if (connection.unsent.empty()) {
    const size_t count = std::min(parts_.size(), kMaxParts);
    for (size_t number = 0; number < count; ++number) {
      const Part& part = parts_[number];
      const char* from = part.constant != nullptr ? part.constant : output_.data() + part.start;
      ranges[number] = {const_cast<char*>(from), part.size};
    }
    msghdr message{};
    message.msg_iov = ranges.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(connection.fd.get(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      return false;
    }
    skip = sent < 0 ? 0 : static_cast<size_t>(sent);
    debug_check(message.msg_iovlen <= ranges.size(), "the parts sent fit their list");
  }
  for (const Part& part : parts_) {
    const size_t skipped = std::min(skip, part.size);
    skip -= skipped;
    const char* from = part.constant != nullptr ? part.constant : output_.data() + part.start;
    connection.unsent.append(from + skipped, part.size - skipped);
  }
  check(skip == 0, "no more was sent than the parts hold");
  return connection.unsent.empty() || flush(connection);
}

bool NullServer::flush(Connection& connection) {
  std::string& bytes = connection.unsent;
  debug_check(!bytes.empty(), "a flush has bytes to send");
  const ssize_t sent = send(connection.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) {
    return false;
  }
  bytes.erase(0, sent < 0 ? 0 : static_cast<size_t>(sent));
  if (connection.wants_write != !bytes.empty()) {
    connection.wants_write = !bytes.empty();
    epoll_event event{};
    event.data.ptr = &connection;
    // While a client does not read its answers, its requests wait too.
    event.events = connection.wants_write ? EPOLLOUT : EPOLLIN;
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd.get(), &event);
  }
  return true;
}

void NullServer::answer(Connection& connection, std::string_view bytes) {
  debug_check(connection.carry.empty(), "the beginning of a line comes before what follows it");
  while (!bytes.empty()) {
    if (connection.swallow > 0) {
      const size_t size = std::min(connection.swallow, bytes.size());
      connection.swallow -= size;
      bytes.remove_prefix(size);
      continue;
    }
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      connection.carry = bytes;
      return;
    }
    answer_line(connection, bytes.substr(0, end > 0 ? end - 1 : 0));
    bytes.remove_prefix(end + 1);
  }
}

void NullServer::answer_line(Connection& connection, std::string_view line) {
  if (line.starts_with("get ")) {
    line.remove_prefix(4);
    while (!line.empty()) {
      const size_t end = std::min(line.find(' '), line.size());
      append("VALUE ");
      append(line.substr(0, end));
      append_value(value_text_);
      line.remove_prefix(std::min(end + 1, line.size()));
    }
    append("END\r\n");
  } else if (line.starts_with("mg ")) {
    append_value(meta_text_);
  } else if (line.starts_with("set ")) {
    swallow_value(connection, line.substr(line.rfind(' ') + 1));
    append("STORED\r\n");
  } else if (line.starts_with("ms ")) {
    const std::string_view rest = line.substr(line.find(' ', 3) + 1);
    swallow_value(connection, rest.substr(0, rest.find(' ')));
    append("HD\r\n");
  } else {
    append("ERROR\r\n");
  }
}

void NullServer::swallow_value(Connection& connection, std::string_view size) {
  connection.swallow = parse_u64(size).value_or(0) + 2;
}

}  // namespace
}  // namespace ember::bench

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  ember::bench::NullServer server;
  if (auto done = server.listen(); !done) {
    std::fprintf(stderr, "ember-null-server: %s\n", done.error().message.c_str());
    return 1;
  }
  server.run();
}
