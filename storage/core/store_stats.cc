// SPDX-License-Identifier: BSD-3-Clause
#include "storage/core/store_stats.h"

namespace ember::storage {

UseCounters& UseCounters::operator+=(const UseCounters& other) {
  get_hits += other.get_hits;
  sets += other.sets;
  delete_hits += other.delete_hits;
  incr_hits += other.incr_hits;
  decr_hits += other.decr_hits;
  cas_hits += other.cas_hits;
  cas_badval += other.cas_badval;
  touch_hits += other.touch_hits;
  return *this;
}

UseCounters& UseCounters::operator-=(const UseCounters& other) {
  get_hits -= other.get_hits;
  sets -= other.sets;
  delete_hits -= other.delete_hits;
  incr_hits -= other.incr_hits;
  decr_hits -= other.decr_hits;
  cas_hits -= other.cas_hits;
  cas_badval -= other.cas_badval;
  touch_hits -= other.touch_hits;
  return *this;
}

}  // namespace ember::storage
