# SPDX-License-Identifier: BSD-3-Clause
"""Every transcript, whole and cut into single bytes, gives memcached's replies."""

import pathlib

import pytest

from player import Player, bytewise, whole
import transcript as transcripts

FOLDER = pathlib.Path(__file__).with_name("transcripts")
ALL = sorted(FOLDER.glob("*.txt"))


def play(path, cut, reference, subject, differences):
    conversation = transcripts.read(path)
    first = reference(conversation.arguments) if conversation.reference else None
    player = Player(first, subject(conversation.arguments), differences, cut)
    mismatches = player.play(conversation)
    player.close()
    assert not mismatches, "\n" + "\n".join(map(str, mismatches))


WAYS = [(path, cut) for path in ALL for cut in (whole, bytewise)
        if cut is whole or transcripts.read(path).cuttable]


@pytest.mark.parametrize("path,cut", WAYS, ids=lambda value: getattr(value, "stem", None)
                         or value.__name__)
def test_transcript(path, cut, reference, subject, differences, subject_is_ember):
    if not subject_is_ember and not transcripts.read(path).reference:
        pytest.skip("skipped, because Debian's memcached is older than what this expects")
    play(path, cut, reference, subject, differences)


def test_listed_differences_exist(differences, subject_is_ember, request):
    """Runs last: a listed difference that no transcript met must go from the list."""
    if not subject_is_ember:
        pytest.skip("skipped, because memcached does not differ from itself")
    if request.config.option.keyword:
        pytest.skip("skipped, because only some transcripts were played")
    assert differences.unmet() == []
