// SPDX-License-Identifier: BSD-3-Clause
// Modifier: items made from items: append, incr, invalidate; and the few words of an item that
// change in place: its expiry and its win mark.
//
// A new item is made from the one found without a lock, and published if that is still the key's
// item; else all of it is done again.
// Threads: any.
#pragma once

#include <cstdint>
#include <string_view>

#include "storage/core/core.h"
#include "storage/core/store_results.h"
#include "storage/link/thread_state.h"
#include "storage/read/reader.h"
#include "storage/read/verifier.h"
#include "storage/write/allocator.h"
#include "storage/write/writer.h"

namespace ember::storage {

class Modifier {
 public:
  Modifier(StoreCore& core, const Reader& reader, const Verifier& verifier, Allocator& allocator,
           Writer& writer)
      : core_(core), reader_(reader), verifier_(verifier), allocator_(allocator), writer_(writer) {}

  // Results, errors and costs: store.h.
  Written concatenate(ThreadState& thread, const ItemName& name, std::string_view bytes,
                      ValueEnd end, const WriteRule& rule);
  Counted arithmetic(ThreadState& thread, std::string_view key, Hash hash,
                     const ArithmeticRule& rule);
  Written invalidate(ThreadState& thread, std::string_view key, Hash hash,
                     const InvalidateRule& rule);

  /// In place, under the lock of the key's bucket.
  Found touch(std::string_view key, Hash hash, UnixSeconds exptime, Access access);
  bool try_win(const Item& item);

 private:
  template <typename Plan, typename Fill>
  Published rewrite(ThreadState& thread, std::string_view key, Hash hash, Plan&& plan_for,
                    Fill&& fill);
  void copy_value(const Item& item, Draft& draft) const;

  StoreCore& core_;
  const Reader& reader_;
  const Verifier& verifier_;
  Allocator& allocator_;
  Writer& writer_;
};

}  // namespace ember::storage
