// SPDX-License-Identifier: BSD-3-Clause
#include "tests/property/worker.h"

#include <chrono>
#include <utility>

#include "base/numbers.h"

namespace ember::property {

using storage::Access;
using storage::hash_key;
using storage::Outcome;
using Kind = Operation::Kind;
using Mode = storage::WriteRule::Mode;

namespace {

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool is_counter(uint32_t key) { return key % 3 == 2; }

/// The filling behind a short name: `size` letters that depend on all of it.
std::string filling(const std::string& short_name, size_t size) {
  std::mt19937 letters(static_cast<uint32_t>(hash_key(short_name)));
  std::string text(size, '\0');
  for (char& c : text) {
    c = static_cast<char>('a' + letters() % 26);
  }
  return text;
}

}  // namespace

std::string long_form(const std::string& short_name) {
  const size_t size_begins = short_name.rfind('.') + 1;
  const auto size = parse_u64(
      std::string_view(short_name).substr(size_begins, short_name.size() - size_begins - 1));
  return short_name + filling(short_name, size.value());
}

std::string short_form(const std::string& value) {
  const size_t name_ends = value.find(';');
  if (name_ends == std::string::npos) {
    return parse_u64(value) ? value : "torn: no name";
  }
  const std::string name = value.substr(0, name_ends + 1);
  const auto size = parse_u64(
      std::string_view(name).substr(name.rfind('.') + 1, name_ends - name.rfind('.') - 1));
  if (!size || value.size() < name.size() + *size) {
    return "torn: too short: " + name;
  }
  if (value.compare(name.size(), *size, filling(name, *size)) != 0) {
    return "torn: " + name;
  }
  return name + value.substr(name.size() + *size);
}

Worker::Worker(OpenedStore& opened, const WorkerOptions& options, uint64_t seed)
    : opened_(opened),
      store_(opened.store()),
      options_(options),
      random_(seed),
      histories_(options.key_count),
      last_seen_cas_(options.key_count) {}

void Worker::run() {
  const auto thread = store_.register_thread();
  for (int i = 0; i < options_.operation_count; ++i) {
    act(*thread);
    if (one_in(2)) {
      thread->quiesce();
    }
    if (one_in(64)) {
      thread->offline();
      thread->online();
    }
  }
  thread->offline();
}

void Worker::act(storage::StoreThread& thread) {
  if (options_.filler_count != 0 && one_in(2)) {
    fill(thread);
  }
  if (one_in(options_.flush_one_in)) {
    flush(thread);
    return;
  }
  const uint32_t key = pick(options_.key_count);
  Operation operation;
  if (is_counter(key)) {
    act_on_counter(thread, key, operation);
  } else {
    act_on_text(thread, key, operation);
  }
  keep(key, std::move(operation));
}

void Worker::act_on_text(storage::StoreThread& thread, uint32_t key, Operation& operation) {
  const std::string name = "text" + std::to_string(key);
  const uint32_t kind = pick(13);
  if (kind < 4) {
    return get(thread, name, operation);
  }
  if (kind == 12) {
    return touch(thread, name, operation);
  }
  if (kind == 4) {
    operation.cas_compare = one_in(2) ? std::optional(last_seen_cas_[key]) : std::nullopt;
    return remove(thread, name, operation);
  }
  if (kind == 5) {
    return append(thread, name, operation);
  }
  operation.kind = kind == 6 ? Kind::add : kind == 7 ? Kind::replace : Kind::set;
  if (kind >= 10) {
    operation.cas_compare = last_seen_cas_[key];
  }
  const size_t size = random_() % (options_.max_value_size >> pick(8)) + pick(8);
  operation.argument = std::to_string(options_.worker_index) + '.' +
                       std::to_string(++written_count_) + '.' + std::to_string(size) + ';';
  write(thread, name, operation);
}

void Worker::act_on_counter(storage::StoreThread& thread, uint32_t key, Operation& operation) {
  const std::string name = "counter" + std::to_string(key);
  const uint32_t kind = pick(13);
  if (kind < 3) {
    return get(thread, name, operation);
  }
  if (kind == 12) {
    return touch(thread, name, operation);
  }
  if (kind == 3) {
    return remove(thread, name, operation);
  }
  if (kind <= 5) {
    operation.kind = kind == 4 ? Kind::add : Kind::set;
    operation.argument = std::to_string(random_() >> (8 + pick(48)));
    return write(thread, name, operation);
  }
  operation.argument = std::to_string(1 + pick(100));
  increment(thread, name, operation);
}

void Worker::get(storage::StoreThread& thread, const std::string& key, Operation& operation) {
  operation.kind = Kind::get;
  operation.called = now_ns();
  const storage::Found found = store_.find(thread, key, hash_key(key), Access::mark);
  operation.outcome = found ? Outcome::stored : Outcome::not_found;
  if (found) {
    operation.seen = {.present = true,
                      .value = short_form(opened_.value_of(*found.item)),
                      .cas = found.item->cas(),
                      .exptime = found.item->exptime()};
  }
  // All of the item has been read only now.
  operation.returned = now_ns();
}

void Worker::touch(storage::StoreThread& thread, const std::string& key, Operation& operation) {
  operation.kind = Kind::touch;
  operation.exptime = opened_.clock().now() + 1000000 + pick(1000000);
  operation.called = now_ns();
  const storage::Found found =
      store_.touch(thread, key, hash_key(key), operation.exptime, Access::mark);
  operation.returned = now_ns();
  operation.outcome = found ? Outcome::stored : Outcome::not_found;
}

void Worker::write(storage::StoreThread& thread, const std::string& key, Operation& operation) {
  storage::WriteRule rule{.cas_compare = operation.cas_compare};
  if (operation.kind == Kind::add) {
    rule.mode = Mode::add;
  } else if (operation.kind == Kind::replace) {
    rule.mode = Mode::replace;
  }
  const bool is_number = parse_u64(operation.argument).has_value();
  const NewItem item{.key = key,
                     .value = is_number ? operation.argument : long_form(operation.argument)};
  operation.called = now_ns();
  const storage::Written written = opened_.write(thread, item, rule);
  operation.returned = now_ns();
  operation.outcome = written.outcome;
  operation.seen.cas = written.cas;
}

void Worker::append(storage::StoreThread& thread, const std::string& key, Operation& operation) {
  operation.kind = Kind::append;
  operation.argument =
      "+" + std::to_string(options_.worker_index) + '.' + std::to_string(++written_count_);
  operation.called = now_ns();
  const storage::Written written = store_.concatenate(
      thread, {key, hash_key(key)}, operation.argument, storage::Store::End::back, {});
  operation.returned = now_ns();
  operation.outcome = written.outcome;
  operation.seen.cas = written.cas;
}

void Worker::increment(storage::StoreThread& thread, const std::string& key, Operation& operation) {
  operation.kind = Kind::increment;
  operation.called = now_ns();
  const storage::Counted counted =
      store_.arithmetic(thread, key, hash_key(key), {.delta = *parse_u64(operation.argument)});
  operation.returned = now_ns();
  operation.outcome = counted.outcome;
  if (counted.outcome == Outcome::stored) {
    operation.seen = {
        .present = true, .value = std::to_string(counted.value), .cas = counted.written.cas};
  }
}

void Worker::remove(storage::StoreThread& thread, const std::string& key, Operation& operation) {
  operation.kind = Kind::remove;
  operation.called = now_ns();
  operation.outcome = store_.remove(thread, key, hash_key(key), operation.cas_compare).outcome;
  operation.returned = now_ns();
}

/// A flush is an operation on every key.
void Worker::flush(storage::StoreThread& thread) {
  Operation operation{.kind = Kind::flush, .called = now_ns()};
  store_.flush_all(thread, 0);
  operation.returned = now_ns();
  for (auto& history : histories_) {
    history.push_back(operation);
  }
}

void Worker::fill(storage::StoreThread& thread) {
  const std::string key = "filler" + std::to_string(options_.worker_index) + '.' +
                          std::to_string(pick(options_.filler_count));
  if (one_in(4)) {
    store_.remove(thread, key, hash_key(key), std::nullopt);
    return;
  }
  const std::string value(pick(static_cast<uint32_t>(options_.max_value_size)), 'f');
  const storage::Written written = opened_.write(thread, {.key = key, .value = value}, {});
  if (written.outcome == Outcome::stored) {
    given_.push_back(written.cas);
  }
}

void Worker::keep(uint32_t key, Operation operation) {
  if (operation.outcome == Outcome::no_memory) {
    ++full_count_;
    return;
  }
  const bool wrote = operation.kind != Kind::get && operation.kind != Kind::remove &&
                     operation.kind != Kind::touch && operation.kind != Kind::flush &&
                     operation.outcome == Outcome::stored;
  if (wrote) {
    given_.push_back(operation.seen.cas);
  }
  if (operation.outcome == Outcome::stored && operation.seen.cas != 0) {
    last_seen_cas_[key] = operation.seen.cas;
  }
  histories_[key].push_back(std::move(operation));
}

}  // namespace ember::property
