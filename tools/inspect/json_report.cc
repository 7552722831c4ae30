// SPDX-License-Identifier: BSD-3-Clause
#include "tools/inspect/json_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/check.h"

namespace ember::inspect {
namespace {

using Json = nlohmann::ordered_json;

// Paths and messages may hold any bytes.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json record_json(const Findings& findings) {
  check(findings.header.record.has_value(), "a record is reported that was found");
  const storage::SuperblockRecord& record = *findings.header.record;
  return {{"format", record.format},
          {"file_id", fmt::format("{:016x}", record.file_id)},
          {"arena_size", record.arena_size},
          {"page_size", record.page_size},
          {"state", state_of(record)},
          {"kind", media_of(record)},
          {"synced", record.synced != 0},
          {"this_boot", findings.header.of_this_boot},
          {"written", record.written},
          {"last_seen", findings.header.noted},
          {"runs", record.run},
          {"cas", record.cas},
          {"flush_horizon", record.flush_horizon},
          {"flush_due", record.flush_due}};
}

Json classes_json(const ScanResult& scan) {
  Json rows = Json::array();
  for (const auto& [chunk_size, row] : scan.classes) {
    check(row.items <= scan.items && row.damaged <= scan.damaged,
          "the classes add up to the whole");
    Json json = {{"chunk_size", chunk_size}, {"pages", row.pages}, {"chunks", row.chunks}};
    if (scan.chunks_read) {
      json["items"] = row.items;
      json["parts"] = row.parts;
      json["damaged"] = row.damaged;
      json["item_bytes"] = row.item_bytes;
    }
    rows.push_back(std::move(json));
  }
  return rows;
}

Json pages_json(const ScanResult& scan) {
  Json json = {{"pages", scan.pages},
               {"free_pages", scan.free_pages},
               {"damaged_pages", scan.damaged_pages}};
  if (scan.chunks_read) {
    json["items"] = scan.items;
    json["expired"] = scan.expired;
    json["flushed"] = scan.flushed;
    json["damaged"] = scan.damaged;
  }
  json["classes"] = classes_json(scan);
  return json;
}

}  // namespace

std::string open_json(bool with_items) { return with_items ? "{\"items\":[" : ""; }

std::string item_json(const storage::Item& item, uint64_t offset, bool first) {
  const Json json = {{"key", key_text(item.key())},
                     {"value_size", item.value_size()},
                     {"flags", item.client_flags()},
                     {"cas", item.cas()},
                     {"exptime", item.exptime()},
                     {"stale", item.stale()},
                     {"won", item.won()},
                     {"chained", item.chained()},
                     {"offset", offset}};
  return (first ? "\n" : ",\n") + dump(json);
}

std::string close_json(const Findings& findings, bool with_items) {
  const Header& header = findings.header;
  Json json = {{"file", findings.path},
               {"size", findings.file_size},
               {"persistent_memory", findings.dax},
               {"in_use", findings.user.has_value()},
               {"process", findings.user.value_or(0)},
               {"superblock", {name_of(header.copies[0]), name_of(header.copies[1])}},
               {"next_start", findings.next_start()},
               {"warm", header.takeover.warm},
               {"state_file",
                {{"there", findings.state.there},
                 {"size", findings.state.size},
                 {"fits", findings.state.fits},
                 {"reason", findings.state.reason}}}};
  json["header"] = header.record ? record_json(findings) : Json();
  json["content"] = header.readable ? pages_json(findings.scan) : Json();
  json["problem_count"] = findings.problem_count();
  json["problems"] = findings.problems();
  const std::string text = dump(json);
  check(text.starts_with('{'), "a report is an object");
  return (with_items ? "\n]," + text.substr(1) : text) + "\n";
}

}  // namespace ember::inspect
