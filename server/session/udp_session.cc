// SPDX-License-Identifier: BSD-3-Clause
#include "server/session/udp_session.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "protocol/binary_header.h"

namespace ember::server::session {
namespace {

using protocol::Command;
using protocol::Next;
using protocol::Parser;
using protocol::ReplyBuffer;
using protocol::UdpFrame;
using protocol::Verb;

/// Datagrams read in a row before connections have their turn.
constexpr int kMaxPerTurn = 64;

/// Below this are the ports of services that answer whatever they are sent (echo, DNS ...): two
/// servers that answer each other never stop.
constexpr uint16_t kFirstClientPort = 1024;
/// memcached's own.
constexpr uint16_t kMemcachedPort = 11211;

constexpr std::string_view kTooLarge = "SERVER_ERROR reply too large for UDP\r\n";
constexpr std::string_view kNotOverUdp = "CLIENT_ERROR not available over UDP\r\n";
constexpr std::string_view kNoValue = "CLIENT_ERROR bad data chunk\r\n";

/// Replies begin with a capital letter, a digit or, in the binary protocol, 0x81; requests never
/// do with the first or last. So a server that is sent another server's reply stays silent.
bool looks_like_reply(char first) {
  return (first >= 'A' && first <= 'Z') || first == protocol::kBinaryReplyMagic;
}

/// Who asks over UDP cannot be known, so what administers the server is not obeyed; what memcached
/// streams to one client (watch, dumps) has nowhere to go.
bool is_refused(Verb verb) {
  switch (verb) {
    case Verb::shutdown:
    case Verb::cache_memlimit:
    case Verb::slabs:
    case Verb::lru:
    case Verb::lru_crawler:
    case Verb::watch:
    case Verb::refresh_certs:
    case Verb::debugtime:
      return true;
    default:
      return false;
  }
}

/// A key of a retrieval line, whose reply goes on with the next command.
bool is_key_of_line(const Command& command) {
  return !command.is_binary && protocol::is_retrieval(command.verb);
}

/// The end of the first request line's commands: one, or the keys of a retrieval and what ends it.
size_t end_of_line(std::span<const Command> commands) {
  debug_check(!commands.empty(), "a line has a command");
  size_t end = 0;
  while (end < commands.size() && is_key_of_line(commands[end])) {
    ++end;
  }
  return std::min(end + 1, commands.size());
}

void write_too_large(const Command& command, ReplyBuffer& reply) {
  debug_check(command.is_binary, "text has an error line of its own");
  const std::string_view text = protocol::text_of(protocol::Status::too_large);
  char* const head = reply.reserve(protocol::kBinaryHeaderSize);
  protocol::write_binary_header(head, {.opcode = command.binary.opcode,
                                       .opaque = command.binary.opaque,
                                       .status = protocol::Status::too_large,
                                       .value_size = static_cast<uint32_t>(text.size())});
  reply.commit(protocol::kBinaryHeaderSize);
  reply.append(text);
}

}  // namespace

UdpSession::UdpSession(SessionContext& context, net::UdpRateLimiter& limit, int fd,
                       const Options& options)
    : context_(context),
      limit_(limit),
      options_(options),
      endpoint_(fd),
      last_active_(context.clock().now()) {}

UdpInfo UdpSession::info() const {
  return {.number = number(),
          .last_active = last_active_.load(std::memory_order_relaxed),
          .received = counters_.received.get(),
          .ignored = counters_.ignored.get(),
          .sent = counters_.sent.get(),
          .lost = counters_.lost.get(),
          .withheld = counters_.withheld.get()};
}

void UdpSession::on_readable() {
  context_.worker.assume();
  for (int i = 0; i < kMaxPerTurn; ++i) {
    const auto datagram = endpoint_.receive();
    if (!datagram) {
      break;
    }
    serve(*datagram);
  }
}

void UdpSession::serve(const net::UdpEndpoint::Datagram& datagram) {
  ++counters_.received;
  context_.counters().bytes_read += datagram.bytes.size();
  last_active_.store(context_.clock().now(), std::memory_order_relaxed);
  const auto frame = protocol::read_udp_frame(datagram.bytes);
  const uint16_t port = datagram.peer.port();
  // Requests of several datagrams are ignored, as memcached does.
  if (!frame || frame->total != 1 || datagram.bytes.size() == UdpFrame::kSize ||
      looks_like_reply(datagram.bytes[UdpFrame::kSize]) || !datagram.peer.is_unicast() ||
      port < kFirstClientPort || port == kMemcachedPort) {
    ++counters_.ignored;
    return;
  }
  const Request request{
      .peer = datagram.peer, .size = datagram.bytes.size(), .id = frame->request_id};
  debug_check(reply_ == nullptr && !too_large_, "a datagram is answered before the next is read");
  reply_ = context_.replies().take();
  Parser::Options options = context_.options().parser;
  // A value comes with its command or not at all.
  options.max_buffered_value = net::UdpEndpoint::kReceiveSize;
  const auto input = datagram.bytes.subspan(UdpFrame::kSize);
  RequestParser parser;
  parser.choose(options_.dialect, input.front(), options);
  parse_and_run(parser, input, request);
  reply_->clear();
  context_.replies().put(std::move(reply_));
}

void UdpSession::parse_and_run(RequestParser& parser, std::span<const char> input,
                               const Request& request) {
  const std::span<Command> scratch = context_.scratch();
  while (true) {
    const Parser::Step step = parser.parse(input, scratch);
    input = input.subspan(step.consumed);
    debug_check(step.stop != Parser::Stop::batch_full || step.consumed > 0,
                "a batch that is full has used some input");
    if (!run(scratch.first(step.count), request) || step.stop == Parser::Stop::close) {
      return;
    }
    if (step.stop != Parser::Stop::batch_full) {
      if (!parser.is_binary()) {
        refuse_cut(input, step.stop == Parser::Stop::value, request);
      }
      return;
    }
  }
}

/// What is left is a line whose value is not all there, or a piece of a line, which is dropped.
void UdpSession::refuse_cut(std::span<const char> rest, bool value_follows,
                            const Request& request) {
  debug_check(!too_large_, "a line that is cut comes behind whole ones");
  if (value_follows || std::ranges::find(rest, '\n') != rest.end()) {
    reply_->clear();
    reply_->append(kNoValue);
    send_reply(request);
  }
}

/// False: nothing more of this datagram is wanted.
bool UdpSession::run(std::span<const Command> commands, const Request& request) {
  while (!commands.empty()) {
    const size_t size = end_of_line(commands);
    debug_check(size > 0 && size <= commands.size(), "a line's commands are among those parsed");
    const Next next = execute(commands.first(size));
    if (const Command& last = commands[size - 1]; !is_key_of_line(last)) {
      finish_reply(last, request);
    }
    commands = commands.subspan(size);
    if (next != Next::ready) {
      return false;
    }
  }
  return true;
}

Next UdpSession::execute(std::span<const Command> commands) {
  if (!commands.front().is_binary && is_refused(commands.front().verb)) {
    reply_->append(kNotOverUdp);
    return Next::ready;
  }
  while (!commands.empty()) {
    const auto progress = context_.handler().execute(*this, commands, *reply_);
    debug_check(progress.executed <= commands.size(), "a handler does no more than it was given");
    commands = commands.subspan(progress.executed);
    const bool stopped = progress.next == Next::ready && progress.executed == 0;
    if (stopped || reply_->size() > options_.max_reply) {
      check(!reply_->empty(), "a handler stops early only when the reply is full");
      too_large_ = true;
      reply_->clear();
    }
    if (progress.next != Next::ready && progress.next != Next::again) {
      // A reply that would come later has nobody to wait for it here.
      context_.handler().forget(*this);
      return progress.next;
    }
  }
  return Next::ready;
}

void UdpSession::finish_reply(const Command& last, const Request& request) {
  debug_check(!is_key_of_line(last), "a line's reply is whole at its end");
  if (too_large_) {
    reply_->clear();
    if (last.is_binary) {
      write_too_large(last, *reply_);
    } else {
      reply_->append(kTooLarge);
    }
    too_large_ = false;
  }
  send_reply(request);
}

/// Sends what is in the reply, as one message of as many datagrams as it takes.
void UdpSession::send_reply(const Request& request) {
  constexpr size_t kRoom = kDatagramSize - UdpFrame::kSize;
  const size_t total = (reply_->size() + kRoom - 1) / kRoom;
  if (total == 0) {
    return;
  }
  debug_check(total <= UINT16_MAX, "the reply's bound keeps its datagrams countable");
  if (!limit_.take(request.peer.network(), request.size, reply_->size() + total * UdpFrame::kSize,
                   std::chrono::steady_clock::now())) {
    ++counters_.withheld;
    reply_->clear();
    return;
  }
  std::array<char, kDatagramSize> datagram;
  for (size_t sequence = 0; sequence < total; ++sequence) {
    const UdpFrame frame{.request_id = request.id,
                         .sequence = static_cast<uint16_t>(sequence),
                         .total = static_cast<uint16_t>(total)};
    protocol::write_udp_frame(frame, std::span(datagram).first<UdpFrame::kSize>());
    size_t size = UdpFrame::kSize;
    while (size < kDatagramSize && !reply_->empty()) {
      iovec range{};
      reply_->gather(std::span(&range, 1));
      const size_t part = std::min(range.iov_len, kDatagramSize - size);
      std::memcpy(datagram.data() + size, range.iov_base, part);
      reply_->consume(part);
      size += part;
    }
    debug_check(size > UdpFrame::kSize, "every datagram carries a part of the reply");
    if (endpoint_.send(request.peer, std::span(datagram).first(size))) {
      ++counters_.sent;
      context_.counters().bytes_written += size;
    } else {
      ++counters_.lost;
    }
  }
  debug_check(reply_->empty(), "the datagrams hold all of the reply");
}

}  // namespace ember::server::session
