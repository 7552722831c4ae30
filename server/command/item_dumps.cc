// SPDX-License-Identifier: BSD-3-Clause
#include "server/command/item_dumps.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "base/numbers.h"
#include "protocol/base64.h"
#include "protocol/command.h"
#include "protocol/line_writer.h"
#include "server/command/context.h"

namespace ember::server::command {
namespace {

using protocol::kMaxKeySize;
using protocol::ReplyBuffer;
using storage::DumpedItem;

// A key whose every byte is escaped, the names of the fields, and their numbers.
constexpr size_t kMostLine = 3 * kMaxKeySize + 64 + 8 * kMaxDecimalSize;

bool plain(char byte) { return byte > ' ' && byte != '\x7f'; }

/// Fit for a text command as it is.
bool plain_key(std::string_view key) { return std::ranges::all_of(key, plain); }

bool unreserved(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

void write_escaped(protocol::LineWriter& line, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char byte : bytes) {
    if (unreserved(byte)) {
      line.letter(byte);
      continue;
    }
    const auto value = static_cast<unsigned char>(byte);
    line.letter('%').letter(kDigits[value >> 4U]).letter(kDigits[value & 15U]);
  }
}

void write_meta(const Context& context, const DumpedItem& found, protocol::LineWriter& line) {
  const storage::Item& item = *found.item;
  line.text("key=");
  write_escaped(line, item.key());
  line.text(" exp=").signed_number(item.exptime() == 0 ? -1 : int64_t{item.exptime()});
  line.text(" la=").number(context.clock.now() - found.seconds_since_access);
  line.text(" cas=").number(context.visible_cas(item.cas()));
  line.text(found.fetched ? " fetch=yes" : " fetch=no");
  line.text(" cls=").number(found.class_id);
  line.text(" size=").number(item.size()).letter('\n');  // memcached's own line end here
}

void write_mg(const storage::Item& item, protocol::LineWriter& line) {
  const std::string_view key = item.key();
  line.text("mg ");
  if (plain_key(key)) {
    line.text(key);
  } else {
    line = protocol::LineWriter(protocol::encode_base64(key, line.at()));
    line.text(" b");
  }
  line.end_line();
}

void write_cache(const storage::Item& item, protocol::LineWriter& line) {
  line.text("ITEM ").text(item.key()).text(" [").number(item.value_size());
  line.text(" b; ").number(item.exptime()).text(" s]").end_line();
}

}  // namespace

void ItemDumps::begin(const protocol::Client& client, const DumpRequest& request) {
  check(!full() && !under_way(client), "a list begins where there is room for it");
  Dump dump{.request = request, .cursor = {}};
  if (request.classes) {
    dump.cursor = storage::DumpCursor(*request.classes);
  }
  dumps_.insert_or_assign(&client, dump);
}

bool ItemDumps::complete(const Dump& dump) {
  debug_check(dump.request.most_items == 0 || dump.items <= dump.request.most_items,
              "a list is no longer than it was asked to be");
  if (dump.request.most_items != 0 && dump.items >= dump.request.most_items) {
    return true;
  }
  return dump.request.form == DumpForm::cache && dump.bytes + kMostLine > kMostCacheBytes;
}

protocol::Next ItemDumps::go_on(const Context& context, const protocol::Client& client,
                                ReplyBuffer& reply) {
  check(under_way(client) && found_.empty(), "a list goes on after it began");
  Dump& dump = dumps_.at(&client);
  context.store.dump(context.thread, dump.cursor, found_);
  const DumpForm form = dump.request.form;
  for (const DumpedItem& found : found_) {
    // A cachedump's line has no way to write a key that is none of a text command.
    if (complete(dump) || (form == DumpForm::cache && !plain_key(found.item->key()))) {
      continue;
    }
    dump.bytes += append_written(reply, kMostLine, [&](protocol::LineWriter& line) {
      if (form == DumpForm::meta) {
        write_meta(context, found, line);
      } else if (form == DumpForm::mg) {
        write_mg(*found.item, line);
      } else {
        write_cache(*found.item, line);
      }
    });
    ++dump.items;
  }
  found_.clear();
  if (!dump.cursor.done() && !complete(dump)) {
    return protocol::Next::again;
  }
  append_line(reply, form == DumpForm::mg ? "EN" : "END");
  dumps_.erase(&client);
  return protocol::Next::ready;
}

}  // namespace ember::server::command
