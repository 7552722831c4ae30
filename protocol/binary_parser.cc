// SPDX-License-Identifier: BSD-3-Clause
// BinaryParser: one table says what each opcode's request looks like; the rest follows from it.
#include "protocol/binary_parser.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"
#include "protocol/binary_header.h"
#include "protocol/request_line.h"

namespace ember::protocol {
namespace {

/// What a request has in its extras.
enum class Extras : uint8_t {
  none,
  store,          // client flags, exptime
  arithmetic,     // delta, initial value, exptime
  exptime,        // exptime
  maybe_exptime,  // exptime or nothing
  level,          // of verbosity
};

enum class Key : uint8_t { none, needed, maybe };
enum class Value : uint8_t { none, stored, brief };

/// The form of an opcode's requests. Verb::invalid: there is no such opcode.
struct Form {
  Verb verb = Verb::invalid;
  Extras extras = Extras::none;
  Key key = Key::none;
  Value value = Value::none;
  bool quiet = false;
};

constexpr size_t kOpcodeCount = 0x25;

constexpr std::array<Form, kOpcodeCount> make_forms() {
  std::array<Form, kOpcodeCount> forms{};
  const auto set = [&](Opcode opcode, const Form& form) {
    forms[static_cast<size_t>(opcode)] = form;
  };
  const auto both = [&](Opcode loud, Opcode quiet, Form form) {
    set(loud, form);
    form.quiet = true;
    set(quiet, form);
  };
  const auto keyed = [](Verb verb, Extras extras, Value value = Value::none) {
    return Form{verb, extras, Key::needed, value, false};
  };
  both(Opcode::get, Opcode::getq, keyed(Verb::get, Extras::none));
  both(Opcode::getk, Opcode::getkq, keyed(Verb::get, Extras::none));
  both(Opcode::gat, Opcode::gatq, keyed(Verb::gat, Extras::exptime));
  both(Opcode::gatk, Opcode::gatkq, keyed(Verb::gat, Extras::exptime));
  set(Opcode::touch, keyed(Verb::touch, Extras::exptime));
  both(Opcode::set, Opcode::setq, keyed(Verb::set, Extras::store, Value::stored));
  both(Opcode::add, Opcode::addq, keyed(Verb::add, Extras::store, Value::stored));
  both(Opcode::replace, Opcode::replaceq, keyed(Verb::replace, Extras::store, Value::stored));
  both(Opcode::append, Opcode::appendq, keyed(Verb::append, Extras::none, Value::stored));
  both(Opcode::prepend, Opcode::prependq, keyed(Verb::prepend, Extras::none, Value::stored));
  both(Opcode::delete_, Opcode::deleteq, keyed(Verb::delete_, Extras::none));
  both(Opcode::increment, Opcode::incrementq, keyed(Verb::incr, Extras::arithmetic));
  both(Opcode::decrement, Opcode::decrementq, keyed(Verb::decr, Extras::arithmetic));
  both(Opcode::quit, Opcode::quitq, {.verb = Verb::quit});
  both(Opcode::flush, Opcode::flushq, {.verb = Verb::flush_all, .extras = Extras::maybe_exptime});
  set(Opcode::noop, {.verb = Verb::noop});
  set(Opcode::version, {.verb = Verb::version});
  set(Opcode::stat, {.verb = Verb::stats, .key = Key::maybe});
  set(Opcode::verbosity, {.verb = Verb::verbosity, .extras = Extras::level});
  set(Opcode::sasl_list_mechs, {.verb = Verb::sasl_list_mechs});
  set(Opcode::sasl_auth, keyed(Verb::sasl_auth, Extras::none, Value::brief));
  set(Opcode::sasl_step, keyed(Verb::sasl_step, Extras::none, Value::brief));
  return forms;
}

constexpr std::array<Form, kOpcodeCount> kForms = make_forms();

Form form_of(uint8_t opcode) { return opcode < kForms.size() ? kForms[opcode] : Form{}; }

bool right_extras(Extras extras, size_t size) {
  switch (extras) {
    case Extras::none:
      return size == 0;
    case Extras::store:
      return size == 8;
    case Extras::arithmetic:
      return size == 20;
    case Extras::exptime:
    case Extras::level:
      return size == 4;
    case Extras::maybe_exptime:
      return size == 0 || size == 4;
  }
  return false;
}

size_t head_size_of(const BinaryRequest& request) {
  return size_t{request.extra_size} + request.key_size;
}

/// Whether the sizes in the header are possible, and those of the opcode's form.
Status judge(const Form& form, const BinaryRequest& request) {
  const size_t head_size = head_size_of(request);
  if (request.body_size < head_size) {
    return Status::unknown_command;
  }
  if (request.key_size > kMaxKeySize) {
    return Status::invalid_arguments;
  }
  if (form.verb == Verb::invalid) {
    return Status::unknown_command;
  }
  const bool right_key =
      form.key == Key::maybe || (form.key == Key::needed) == (request.key_size != 0);
  const bool right_value = form.value != Value::none || request.body_size == head_size;
  return right_key && right_value && right_extras(form.extras, request.extra_size)
             ? Status::success
             : Status::invalid_arguments;
}

/// Times are unsigned here: none is negative, those with the highest bit are far away. The one that
/// keeps incr and decr from making an item is told apart by whoever executes it.
void read_extras(Extras extras, const char* from, size_t size, Command& command) {
  debug_check(right_extras(extras, size), "extras are judged before they are read");
  switch (extras) {
    case Extras::none:
      break;
    case Extras::store:
      command.client_flags = load_big<uint32_t>(from);
      command.exptime = load_big<uint32_t>(from + 4);
      break;
    case Extras::arithmetic:
      command.number = load_big<uint64_t>(from);
      command.binary.initial = load_big<uint64_t>(from + 8);
      command.exptime = load_big<uint32_t>(from + 16);
      break;
    case Extras::exptime:
    case Extras::maybe_exptime:
      command.exptime = size == 0 ? 0 : load_big<uint32_t>(from);
      break;
    case Extras::level:
      command.number = load_big<uint32_t>(from);
      break;
  }
}

void begin(Command& command, const Form& form, const BinaryRequest& request) {
  reset(command, form.verb);
  command.is_binary = true;
  command.noreply = form.quiet;
  command.binary = {.cas = request.cas, .opaque = request.opaque, .opcode = request.opcode};
}

/// An error is told also when the request was quiet.
void refuse(Command& command, const BinaryRequest& request, Status status) {
  begin(command, {}, request);
  command.number = static_cast<uint64_t>(status);
  command.error = text_of(status);
}

}  // namespace

BinaryParser::Step BinaryParser::parse(std::span<const char> input, std::span<Command> out) {
  check(out.size() >= 2, "a parser needs room for two commands");
  Step step;
  while (step.consumed < input.size()) {
    const std::span<const char> rest = input.subspan(step.consumed);
    if (dropping_ != 0) {
      const uint64_t dropped = std::min<uint64_t>(dropping_, rest.size());
      dropping_ -= dropped;
      step.consumed += dropped;
      continue;
    }
    if (rest[0] != kBinaryRequestMagic) {
      step.stop = Stop::close;
      break;
    }
    if (rest.size() < kBinaryHeaderSize) {
      break;
    }
    if (step.count == out.size()) {
      step.stop = Stop::batch_full;
      break;
    }
    if (!take_request(rest, out[step.count], step)) {
      break;
    }
  }
  return step;
}

/// The request that `rest` begins with. False: stop, for the reason in `step`.
bool BinaryParser::take_request(std::span<const char> rest, Command& command, Step& step) {
  const BinaryRequest request = read_binary_request(rest.data());
  const Form form = form_of(request.opcode);
  const Status status = judge(form, request);
  const size_t head_size = head_size_of(request);
  if (status != Status::success) {
    refuse(command, request, status);
    ++step.count;
    if (form.verb == Verb::invalid && status == Status::unknown_command &&
        request.body_size >= head_size) {
      step.consumed += kBinaryHeaderSize;
      dropping_ = request.body_size;
      return true;
    }
    step.stop = Stop::close;
    return false;
  }
  debug_check(request.body_size >= head_size, "a body holds its extras and key");
  const size_t value_size = request.body_size - head_size;
  const bool buffered = value_size <= max_buffered_value_;
  const size_t whole_head = kBinaryHeaderSize + head_size;
  if (rest.size() < whole_head + (buffered ? value_size : 0)) {
    return false;
  }
  begin(command, form, request);
  const char* const extras = rest.data() + kBinaryHeaderSize;
  read_extras(form.extras, extras, request.extra_size, command);
  const std::string_view key(extras + request.extra_size, request.key_size);
  (form.key == Key::maybe ? command.arguments : command.key) = key;
  command.key_text = command.key;
  step.consumed += whole_head;
  command.value_size = value_size;
  if (form.value == Value::brief && !buffered) {
    dropping_ = value_size;
  } else if (form.value != Value::none) {
    if (rest.size() - whole_head < value_size) {
      step.stop = Stop::value;
      return false;
    }
    debug_check(whole_head + value_size <= rest.size(), "a value lies within the input");
    command.value = {rest.data() + whole_head, value_size};
    command.value_complete = true;
    step.consumed += value_size;
  }
  ++step.count;
  return true;
}

}  // namespace ember::protocol
