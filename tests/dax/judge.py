# SPDX-License-Identifier: BSD-3-Clause
"""Judge: from what a load told (load.h), what a server must hold; against what it gives back.

Every reply is judged as it comes. Of the requests open at a power cut or a stop, each may have
been done or not; everything else is certain. A dump settles what is open, and is what the next load
starts from.
"""

ABSENT = "none"


class Judge:
    def __init__(self):
        self.problems = []
        self.stats = []  # one dictionary for each time the guest told them
        self.vm_flags = []
        self.stopped = []  # exit codes
        self.acknowledged = 0
        self.dumps = 0
        self._held = {}  # key -> what it holds, for keys not absent
        self._open = {}  # connection -> the words of its request
        self._round = 0
        self._changed = set()  # keys written since the last dump
        self._cas = {}  # of the last dump
        self._dump = None

    def hear(self, lines):
        """All a machine told, from its first line to its end or its power cut."""
        for line in lines:
            verb, _, rest = line.partition(" ")
            handler = getattr(self, f"_hear_{verb}", None)
            if handler:
                handler(rest)
        self._dump = None

    def check(self):
        """Raises when anything was wrong so far."""
        assert not self.problems, "\n".join([f"{len(self.problems)} problems:", *self.problems[:20]])

    # A load.

    def _hear_op(self, rest):
        number, connection, *request = rest.split(" ")
        if int(number) != self._round and self._open:
            self.problems.append(f"round {number} began with requests open: {self._open}")
        self._round = int(number)
        self._open[connection] = request

    def _hear_ack(self, rest):
        number, connection, reply = rest.split(" ", 2)
        request = self._open.pop(connection)
        wanted = self._reply_to(request)
        if reply != wanted:
            self.problems.append(f"round {number}: {' '.join(request)}: {reply}, not {wanted}")
        self._do(request)
        self.acknowledged += 1

    def _reply_to(self, request):
        if request[0] == "flush_all":
            return "OK"
        if request[0] == "set":
            return "STORED"
        if request[1] not in self._held:
            return "NOT_FOUND"
        return "DELETED" if request[0] == "delete" else self._after(request)

    def _after(self, request):
        """What the key of this request holds once it is done."""
        verb, key, *words = request
        if verb == "set":
            return words[0]
        if verb == "delete" or key not in self._held:
            return ABSENT
        return str(int(self._held[key]) + int(words[0]))

    def _do(self, request):
        if request[0] == "flush_all":
            self._changed |= set(self._held)
            self._held.clear()
            return
        after = self._after(request)
        self._changed.add(request[1])
        if after == ABSENT:
            self._held.pop(request[1], None)
        else:
            self._held[request[1]] = after

    # What comes back.

    def _hear_dump(self, _):
        self._dump = {}

    def _hear_got(self, rest):
        key, value, *cas = rest.split(" ")
        self._dump[key] = (value, int(cas[0]) if cas else None)

    def _hear_dumped(self, _):
        self._settle_open_flush()
        open_by_key = {request[1]: request for request in self._open.values()}
        for key in set(self._held) - set(self._dump):
            self.problems.append(f"{key}: not in the dump: the judge and the client disagree on keys")
        for key, (value, _) in self._dump.items():
            allowed = {self._held.get(key, ABSENT)}
            if key in open_by_key:
                self._changed.add(key)
                allowed.add(self._after(open_by_key[key]))
            if value not in allowed:
                self.problems.append(f"{key}: holds {value}, must hold {' or '.join(sorted(allowed))}")
        self._judge_cas()
        self._held = {key: value for key, (value, _) in self._dump.items() if value != ABSENT}
        self._cas = {key: cas for key, (_, cas) in self._dump.items() if cas is not None}
        self._open.clear()
        self._changed.clear()
        self.dumps += 1

    def _settle_open_flush(self):
        """A flush_all is done or not done, for all keys alike."""
        flushes = [connection for connection, request in self._open.items() if request[0] == "flush_all"]
        for connection in flushes:
            if all(value == ABSENT for value, _ in self._dump.values()):
                self._do(self._open[connection])
            del self._open[connection]

    def _judge_cas(self):
        newest = max(self._cas.values(), default=0)
        for key, (_, cas) in self._dump.items():
            before = self._cas.get(key)
            if cas is None:
                continue
            if key not in self._changed and before is not None and cas != before:
                self.problems.append(f"{key}: its CAS was {before}, is {cas}, and nobody wrote it")
            if key in self._changed and cas != before and cas <= newest:
                self.problems.append(f"{key}: CAS {cas} is not above {newest}, given before it")

    # The rest of what the guest says.

    def _hear_stats(self, _):
        self.stats.append({})

    def _hear_stat(self, rest):
        name, _, value = rest.partition(" ")
        self.stats[-1][name] = value

    def _hear_vm(self, rest):
        self.vm_flags.append(rest.split()[1:])

    def _hear_stopped(self, rest):
        self.stopped.append(int(rest))
