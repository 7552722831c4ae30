// SPDX-License-Identifier: BSD-3-Clause
#include "server/options/option_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ember::server {
namespace {

using enum OptionType;
using enum Support;

// Keep memcached's order: people compare the two helps side by side.
constexpr auto kOptions = std::to_array<OptionRow>({
    {'p', "port", integer, "num", "11211", "TCP port to listen on (0: none, -1: any free one)"},
    {'U', "udp-port", integer, "num", "0",
     "UDP port to listen on (0: none, -1: any free one); without -p,\n"
     "TCP's too"},
    {'s', "unix-socket", text, "file", "", "Unix socket to listen on, instead of the network"},
    {'a', "unix-mask", text, "mask", "700", "permissions of the Unix socket, in octal"},
    {'A', "enable-shutdown", flag, "", "false", "obey the \"shutdown\" command"},
    {'l', "listen", text, "addr", "",
     "address to listen on, with or without a port (default: all);\n"
     "several: separated by commas, or -l several times;\n"
     "IPv6 addresses with a port stand in brackets: [::1]:11211;\n"
     "before an address: proto[ascii]:, proto[binary]: or proto[negotiating]:,\n"
     "tag[name]:, notls:, btls: or mtls:"},
    {'d', "daemon", flag, "", "false", "run in the background"},
    {'r', "enable-coredumps", flag, "", "false", "raise the limit of core file size"},
    {'u', "user", text, "user", "", "take the identity of this user (when started by root)"},
    {'m', "memory-limit", integer, "num", "64", "item memory in megabytes", works,
     "auto with --memory-file: the file's size, or what its volume has free but for a sixteenth."},
    {'M', "disable-evictions", flag, "", "false",
     "when memory is full, answer an error instead of evicting"},
    {'c', "conn-limit", integer, "num", "1024", "most connections at one time"},
    {'k', "lock-memory", flag, "", "false", "lock all memory, so that none is swapped out"},
    {'v', "verbose", count, "", "0", "log errors and warnings of clients, and notes at start"},
    {'h', "help", action, "", "", "print this help and exit"},
    {'i', "license", action, "", "", "print the license and exit"},
    {'V', "version", action, "", "", "print the version and exit"},
    {'P', "pidfile", text, "file", "", "write the process id to this file"},
    {'f', "slab-growth-factor", real, "num", "1.08", "growth of chunk sizes, class to class", works,
     "memcached's default is 1.25; Ember's classes are finer, so that items waste less."},
    {'n', "slab-min-size", integer, "bytes", "24",
     "least space for key, value and flags of an item", works,
     "memcached's default is 48; Ember's smallest chunk is smaller, as its items' headers are."},
    {'L', "enable-largepages", flag, "", "false", "use large memory pages, if there are any"},
    {'D', "prefix-delimiter", text, "char", ":",
     "character between the prefix of a key and the rest, for\n"
     "\"stats detail\"; when given, counting by prefix is on",
     works, "Of 4096 prefixes; keys of others are not counted."},
    {'t', "threads", integer, "num", "4", "worker threads"},
    {'R', "max-reqs-per-event", integer, "num", "20",
     "most requests of one connection before others have a turn"},
    {'C', "disable-cas", flag, "", "false", "no unique numbers for items: cas and gets are off"},
    {'b', "listen-backlog", integer, "num", "1024", "length of the queue of new connections"},
    {'B', "protocol", text, "name", "auto", "what clients speak: ascii, binary or auto"},
    {'I', "max-item-size", text, "num", "1m", "largest item, with k or m behind it (1k to 1024m)",
     works,
     "memcached refuses sizes below 512k unless -o slab_chunk_max is lowered; Ember does not."},
    {'S', "enable-sasl", flag, "", "false", "authenticate clients by SASL", works,
     "Only the binary protocol is spoken then. Users come from Cyrus' library (memcached.conf in\n"
     "SASL_CONF_PATH, /etc/sasl or /etc/sasl2) or, if MEMCACHED_SASL_PWDB names a file of\n"
     "user:password lines, from that file, which SIGHUP reads anew."},
    {'F', "disable-flush-all", flag, "", "false", "refuse the \"flush_all\" command"},
    {'X', "disable-dumping", flag, "", "false",
     "refuse \"stats cachedump\" and \"lru_crawler metadump\""},
    {'W', "disable-watch", flag, "", "false", "refuse the \"watch\" command"},
    {'Y', "auth-file", text, "file", "", "authenticate clients by a file of user:password lines",
     works,
     "Only the text protocol is spoken then. SIGHUP reads the file anew. memcached heeds no more "
     "than\n"
     "8 lines, and cuts a last one without a line feed; Ember does not."},
    {'e', "memory-file", text, "file", "", "keep item memory in this file, over restarts", works,
     "Any file, on persistent memory (DAX), tmpfs or a disk, or a devdax device. Unlike "
     "memcached's, it\n"
     "survives kill -9 and a changed -m, and needs no clean stop."},
    {'\0', "memory-file-sync", flag, "", "false",
     "at a graceful stop, write the memory file to its device", works,
     "Ember's own. For files that are not on persistent memory, and hosts that restart."},
    {'\0', "memory-file-strict", flag, "", "false",
     "refuse to start rather than start with an empty cache", works,
     "Ember's own. Applies to a memory file that is damaged, lost to a restart of the host, or "
     "newer."},
    {'Z', "enable-ssl", flag, "", "false", "speak TLS; certificate and key are settings of -o",
     works,
     "refresh_certs and SIGHUP load the certificates again, for new connections. Unix sockets and "
     "UDP are plain."},
    {'o', "extended", text, "list", "", "further settings, separated by commas: see below"},
    {'N', "napi_ids", integer, "num", "0", "assign connections to workers by network queue",
     no_effect, "Ember spreads connections evenly over its workers."},
    {'\0', "enable-debug-commands", flag, "", "false", "obey \"debugtime\": for tests only", works,
     "debugtime N: time goes on by N seconds at once."},
    {'\0', "io", text, "kind", "auto", "how the network is waited for: auto, uring or epoll", works,
     "Ember's own. auto: io_uring where the kernel allows it, else epoll."},
});

bool same_name(std::string_view table_name, std::string_view given) {
  // memcached itself writes one of its names with an underscore, the others with dashes.
  const auto dashed = [](char c) { return c == '_' ? '-' : c; };
  return std::ranges::equal(table_name, given, {}, dashed, dashed);
}

}  // namespace

std::span<const OptionRow> option_table() { return kOptions; }

const OptionRow* find_option(char short_name) {
  const auto row = std::ranges::find(kOptions, short_name, &OptionRow::short_name);
  return short_name == '\0' || row == kOptions.end() ? nullptr : &*row;
}

const OptionRow* find_option(std::string_view long_name) {
  const auto row = std::ranges::find_if(
      kOptions, [&](const OptionRow& each) { return same_name(each.long_name, long_name); });
  return row == kOptions.end() ? nullptr : &*row;
}

std::string option_name(const OptionRow& row) {
  return row.short_name == '\0' ? fmt::format("--{}", row.long_name)
                                : fmt::format("-{}, --{}", row.short_name, row.long_name);
}

}  // namespace ember::server
