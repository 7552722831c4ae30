// SPDX-License-Identifier: BSD-3-Clause
// Worker: one thread's random operations on a few shared keys, written down as they happen.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/property/history.h"
#include "tests/property/opened_store.h"

namespace ember::property {

struct WorkerOptions {
  uint32_t worker_index = 0;
  int operation_count = 1000;
  /// Keys shared by all workers, every third of them a counter.
  uint32_t key_count = 8;
  /// Values are up to this large, some with an appended tail.
  size_t max_value_size = 1000;
  /// One operation in so many flushes everything; 0: none.
  uint32_t flush_one_in = 0;
  /// Keys of its own the worker stores and removes between, so that the index grows and chunks
  /// change hands.
  uint32_t filler_count = 0;
};

class Worker {
 public:
  Worker(OpenedStore& opened, const WorkerOptions& options, uint64_t seed);

  /// To be called on the worker's own thread.
  void run();

  /// What was done to each key, by its number.
  const std::vector<std::vector<Operation>>& histories() const { return histories_; }
  /// Every CAS the store gave this worker for a write.
  const std::vector<uint64_t>& given() const { return given_; }
  uint64_t full_count() const { return full_count_; }

 private:
  void act(storage::StoreThread& thread);
  void act_on_text(storage::StoreThread& thread, uint32_t key, Operation& operation);
  void act_on_counter(storage::StoreThread& thread, uint32_t key, Operation& operation);
  void get(storage::StoreThread& thread, const std::string& key, Operation& operation);
  void write(storage::StoreThread& thread, const std::string& key, Operation& operation);
  void append(storage::StoreThread& thread, const std::string& key, Operation& operation);
  void increment(storage::StoreThread& thread, const std::string& key, Operation& operation);
  void touch(storage::StoreThread& thread, const std::string& key, Operation& operation);
  void remove(storage::StoreThread& thread, const std::string& key, Operation& operation);
  void flush(storage::StoreThread& thread);
  void fill(storage::StoreThread& thread);
  void keep(uint32_t key, Operation operation);

  uint32_t pick(uint32_t below) { return static_cast<uint32_t>(random_() % below); }
  bool one_in(uint32_t n) { return n != 0 && pick(n) == 0; }

  OpenedStore& opened_;
  storage::Store& store_;
  WorkerOptions options_;
  std::mt19937_64 random_;
  std::vector<std::vector<Operation>> histories_;
  std::vector<uint64_t> last_seen_cas_;
  std::vector<uint64_t> given_;
  uint64_t full_count_ = 0;
  uint64_t written_count_ = 0;
};

/// A value's bytes from its short name: "worker.number.size;" and a filling that depends on all
/// three. Appended text follows it.
std::string long_form(const std::string& short_name);

/// The short name of a value (with what was appended), or "torn: ..." if any byte is not as
/// long_form made it.
std::string short_form(const std::string& value);

}  // namespace ember::property
