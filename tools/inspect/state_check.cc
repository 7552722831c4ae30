// SPDX-License-Identifier: BSD-3-Clause
#include "tools/inspect/state_check.h"

#include <sys/stat.h>

#include "base/bytes.h"
#include "base/check.h"
#include "storage/media/state_reader.h"

namespace ember::inspect {

using storage::StateReader;
using storage::StateSeal;
using storage::SuperblockRecord;

StateCheck check_state_file(const std::string& memory_file, const Header& header, bool verify) {
  StateCheck result;
  const std::string path = memory_file + ".meta";
  struct stat status{};
  result.there = ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  if (result.there) {
    result.size = static_cast<uint64_t>(status.st_size);
  }
  if (!header.record || header.record->state != SuperblockRecord::stopped) {
    result.reason = "the memory file was not stopped gracefully";
    return result;
  }
  const auto seal = load_unaligned<StateSeal>(header.record->state_seal.data());
  if (seal == StateSeal()) {
    result.reason = "the stop left none";
    return result;
  }
  if (!result.there) {
    result.reason = "the one that the stop left is gone";
    return result;
  }
  const auto reader = StateReader::open(path,
                                        {.file_id = header.record->file_id,
                                         .stop_id = header.record->stop_id,
                                         .format_version = storage::kMediaFormat},
                                        seal);
  if (!reader) {
    result.reason = reader.error().message;
    result.damaged = true;
    return result;
  }
  result.fits = true;
  for (size_t n = 0; verify && result.fits && n < (*reader)->section_count(); ++n) {
    if (const auto verified = (*reader)->verify(n); !verified) {
      result.fits = false;
      result.damaged = true;
      result.reason = verified.error().message;
    }
  }
  check(result.fits == result.reason.empty(), "a state file fits, or there is a reason why not");
  return result;
}

}  // namespace ember::inspect
