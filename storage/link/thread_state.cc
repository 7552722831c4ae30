// SPDX-License-Identifier: BSD-3-Clause
#include "storage/link/thread_state.h"

namespace ember::storage {

ThreadState::ThreadState(Reclaimer& reclaimer, StoreCounters& store_counters)
    : counters(store_counters.class_count()),
      reclaimer_(reclaimer),
      store_counters_(store_counters) {
  reclaimer_.enter(retired);
  store_counters_.attach(counters);
}

ThreadState::~ThreadState() {
  reclaimer_.leave(retired);
  store_counters_.detach(counters);
}

}  // namespace ember::storage
