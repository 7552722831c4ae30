// SPDX-License-Identifier: BSD-3-Clause
// The first word of a request to its verb.
#include "protocol/request_line.h"

namespace ember::protocol {
namespace {

Verb long_verb_of(std::string_view word) {
  struct Entry {
    std::string_view word;
    Verb verb;
  };
  static constexpr Entry kEntries[] = {
      {"flush_all", Verb::flush_all},         {"verbosity", Verb::verbosity},
      {"debugtime", Verb::debugtime},         {"lru_crawler", Verb::lru_crawler},
      {"refresh_certs", Verb::refresh_certs}, {"cache_memlimit", Verb::cache_memlimit},
  };
  for (const Entry& entry : kEntries) {
    if (word == entry.word) {
      return entry.verb;
    }
  }
  return Verb::invalid;
}

}  // namespace

Verb verb_of(std::string_view word, const char* limit) {
  if (word.size() > kPackedSize) {
    return long_verb_of(word);
  }
  switch (pack(word, limit)) {
    case pack("get"):
      return Verb::get;
    case pack("gets"):
      return Verb::gets;
    case pack("gat"):
      return Verb::gat;
    case pack("gats"):
      return Verb::gats;
    case pack("set"):
      return Verb::set;
    case pack("add"):
      return Verb::add;
    case pack("replace"):
      return Verb::replace;
    case pack("append"):
      return Verb::append;
    case pack("prepend"):
      return Verb::prepend;
    case pack("cas"):
      return Verb::cas;
    case pack("delete"):
      return Verb::delete_;
    case pack("incr"):
      return Verb::incr;
    case pack("decr"):
      return Verb::decr;
    case pack("touch"):
      return Verb::touch;
    case pack("mg"):
      return Verb::mg;
    case pack("ms"):
      return Verb::ms;
    case pack("md"):
      return Verb::md;
    case pack("ma"):
      return Verb::ma;
    case pack("mn"):
      return Verb::mn;
    case pack("me"):
      return Verb::me;
    case pack("version"):
      return Verb::version;
    case pack("quit"):
      return Verb::quit;
    case pack("stats"):
      return Verb::stats;
    case pack("shutdown"):
      return Verb::shutdown;
    case pack("slabs"):
      return Verb::slabs;
    case pack("lru"):
      return Verb::lru;
    case pack("watch"):
      return Verb::watch;
    default:
      return Verb::invalid;
  }
}

}  // namespace ember::protocol
