# SPDX-License-Identifier: BSD-3-Clause
"""Player: plays one conversation to the reference and to the server under test, in step."""

import dataclasses
import os.path
import time

from peer import SILENT, Peer
from reply_mask import Comparison
import transcript as transcripts


@dataclasses.dataclass
class Mismatch:
    where: str
    request: bytes
    reference: bytes
    subject: bytes

    def __str__(self):
        differs = len(os.path.commonprefix([self.reference, self.subject]))
        return (f"{self.where}\n  sent      {_shown(self.request)}\n"
                f"  memcached {_shown(self.reference, differs)}\n"
                f"  ember     {_shown(self.subject, differs)}")


def _shown(data, differs=0, limit=1200):
    """The beginning, or what is around the place where the replies part."""
    if len(data) <= limit:
        return repr(data)[1:]
    start = max(0, differs - limit // 2)
    return f"from byte {start} of {len(data)}: {repr(data[start:start + limit])[1:]}"


def whole(data):
    return [data]


def bytewise(data):
    """One byte a piece, save the middle of what is too long for that."""
    if len(data) <= 20000:
        return [data[i:i + 1] for i in range(len(data))]
    return bytewise(data[:500]) + [data[500:-500]] + bytewise(data[-500:])


class Player:
    """`reference` may be None: then the transcript's own expected lines are the measure."""

    def __init__(self, reference, subject, differences, cut=whole):
        self._reference = Peer(reference) if reference else None
        self._subject = Peer(subject)
        self._differences = differences
        self._cut = cut
        self._comparison = Comparison()

    def play(self, transcript):
        mismatches = []
        for exchange in transcript.exchanges:
            where = f"{transcript.name}:{exchange.line}"
            if exchange.sleep:
                time.sleep(exchange.sleep)
            if exchange.until:
                for peer in self.peers():
                    peer.wait_for(exchange.until)
            if exchange.pieces:
                mismatch = self.exchange(exchange, where)
                if mismatch:
                    mismatches.append(mismatch)
            if exchange.drop:
                for peer in self.peers():
                    peer.drop(exchange.connection)
        return mismatches

    def exchange(self, exchange, where):
        """Plays one exchange; returns the Mismatch, or None."""
        sent, replies = b"", []
        for peer in self.peers():
            sent = transcripts.fill(exchange.pieces, peer.cas_of)
            replies.append(peer.ask(self._cut(sent), exchange.connection, exchange.half_close))
        subject = replies[-1]
        if replies[0].endswith(SILENT):  # a transcript says `eof` where no answer is to come
            return Mismatch(where + " (the first server never answered)", sent, replies[0], subject)
        if exchange.expected and (self._reference is None):
            if not transcripts.expectation(exchange.expected).fullmatch(subject):
                expected = "".join(line + "\r\n" for line in exchange.expected).encode()
                return Mismatch(where + " (expected by the transcript)", sent, expected, subject)
            return None
        if self._reference is None or self._comparison.equal(replies[0], subject):
            return None
        if self._differences.explain(sent, replies[0], subject):
            return None
        return Mismatch(where, sent, replies[0], subject)

    def close(self):
        for peer in self.peers():
            peer.close()

    def peers(self):
        return [self._reference, self._subject] if self._reference else [self._subject]
