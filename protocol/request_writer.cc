// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/request_writer.h"

namespace ember::protocol {
namespace {

void end_request(bool noreply, LineWriter& line) {
  if (noreply) {
    line.text(" noreply");
  }
  line.end_line();
}

void write_meta_request(const Command& command, LineWriter& line) {
  if (command.verb == Verb::mn) {
    line.text("mn").end_line();
    return;
  }
  begin_meta_line(command.verb, command.key_text, command.value_size, line);
  if (!command.meta.text.empty()) {
    line.letter(' ').text(command.meta.text);
  }
  line.end_line();
}

/// Commands without a key: their arguments are their words, noreply included.
void write_keyless_request(const Command& command, LineWriter& line) {
  line.text(name_of(command.verb));
  if (!command.arguments.empty()) {
    line.letter(' ').text(command.arguments);
  }
  line.end_line();
}

}  // namespace

void write_store_line(const StoreLine& store, LineWriter& line) {
  debug_check(store.verb >= Verb::set && store.verb <= Verb::cas,
              "a store line is of a store verb");
  line.text(name_of(store.verb));
  write_request_key(store.key, line).letter(' ').number(store.client_flags);
  line.letter(' ').signed_number(store.exptime).letter(' ').number(store.value_size);
  if (store.verb == Verb::cas) {
    line.letter(' ').number(store.cas);
  }
  end_request(store.noreply, line);
}

LineWriter& begin_meta_line(Verb verb, std::string_view key, uint64_t value_size,
                            LineWriter& line) {
  debug_check(verb >= Verb::mg && verb <= Verb::me && verb != Verb::mn, "a meta verb with a key");
  line.text(name_of(verb));
  write_request_key(key, line);
  return verb == Verb::ms ? line.letter(' ').number(value_size) : line;
}

void write_request_line(const Command& command, LineWriter& line) {
  const Verb verb = command.verb;
  check(verb != Verb::invalid && verb != Verb::get_end, "only a request is written as one");
  debug_check(!command.is_binary, "a line is of the text protocols");
  if (verb >= Verb::set && verb <= Verb::cas) {
    write_store_line({.verb = verb,
                      .key = command.key_text,
                      .client_flags = command.client_flags,
                      .exptime = command.exptime,
                      .value_size = command.value_size,
                      .cas = command.number,
                      .noreply = command.noreply},
                     line);
    return;
  }
  if (verb >= Verb::mg && verb <= Verb::me) {
    write_meta_request(command, line);
    return;
  }
  if (!has_key(verb)) {
    write_keyless_request(command, line);
    return;
  }
  line.text(name_of(verb));
  if (verb == Verb::gat || verb == Verb::gats) {
    line.letter(' ').signed_number(command.exptime);
  }
  write_request_key(command.key_text, line);
  if (verb == Verb::incr || verb == Verb::decr) {
    line.letter(' ').number(command.number);
  } else if (verb == Verb::touch) {
    line.letter(' ').signed_number(command.exptime);
  }
  end_request(command.noreply, line);
}

}  // namespace ember::protocol
