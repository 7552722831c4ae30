# SPDX-License-Identifier: BSD-3-Clause
"""Where a request is cut on its way makes no difference: the same conversation, cut at every byte."""

import time

import pytest

from peer import Peer

RESET = b"".join(b"delete %s noreply\r\n" % key for key in (b"a", b"b", b"n", b"zed", b"large"))

CLASSIC = (b"set a 5 0 3\r\none\r\nget a b\r\nadd b 0 100 4 noreply\r\n\r\n\r\n\r\nget a b\r\n"
           b"set n 0 0 1\r\n1\r\nincr n 10\r\ndecr n x\r\ntouch a 0\r\ngat 0 a n\r\ndelete b\r\n"
           b"set a 0 0 1\r\nxx\r\nget\r\nbad\r\nset a 0 0 -1\r\nprepend a 0 0 0\r\n\r\n"
           b"delete a noreply\r\nget a b n\r\n")

META = (b"ms a 3 F5 k Oab\r\none\r\nmg a v k f s O12\r\nmg b v q\r\nms emVk 1 b\r\nz\r\nmg emVk b v k\r\n"
        b"ms b 2 q ME\r\nbb\r\nms b 2 ME\r\ncc\r\nma n N0 J5 v\r\nma n D3 MD v q\r\nmd b I\r\n"
        b"mg b v\r\nmg b v\r\nmn\r\nmg a ! v\r\nms a 2 !\r\nxx\r\nms a 2\r\nxxx\r\nmd a q\r\nmn\r\n")

LARGE = (b"set large 1 0 40000\r\n" + b"0123456789" * 4000 + b"\r\nget large\r\n"
         b"append large 0 0 9000\r\n" + b"abcdefghi" * 1000 + b"\r\nms large 20001 k F2\r\n"
         + b"y" * 20001 + b"\r\nmg large v f\r\nset large 1 0 1048577\r\n" + b"z" * 1048577
         + b"\r\nget large\r\nmn\r\n")


def near_boundaries(text):
    """The bytes around line ends and round block sizes of a text too long to cut everywhere."""
    cuts = set()
    for position in range(len(text)):
        if text[position:position + 1] == b"\n":
            cuts.update(range(position - 3, position + 4))
    for size in (1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072):
        cuts.update(range(size - 2, size + 3))
    return sorted(cut for cut in cuts if 0 < cut < len(text))


@pytest.mark.parametrize("text,cuts", [
    (CLASSIC, range(1, len(CLASSIC))),
    (META, range(1, len(META))),
    (LARGE, near_boundaries(LARGE)),
], ids=["classic", "meta", "large"])
def test_cut_at_every_byte(text, cuts, reference, subject):
    expected = Peer(reference()).ask([RESET, text], half_close=True)
    server = subject()
    for cut in cuts:
        with server.connect() as wire:
            wire.sendall(RESET + text[:cut])
            time.sleep(0.002)  # the first part arrives, and is parsed, by itself
            reply = Peer(_Adopted(wire)).ask([text[cut:]], half_close=True)
        assert reply == expected, f"cut at {cut}: {text[max(0, cut - 20):cut]!r} | {text[cut:cut + 20]!r}"


class _Adopted:
    """A server that hands out the connection there is."""

    def __init__(self, wire):
        self._wire = wire

    def connect(self):
        return self._wire
