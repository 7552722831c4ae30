# SPDX-License-Identifier: BSD-3-Clause
"""The known differences from Debian's memcached: differences.toml, told in differences.md."""

import collections
import pathlib
import re
import tomllib

PATH = pathlib.Path(__file__).with_name("differences.toml")


class Difference:
    def __init__(self, entry):
        self.name = entry["name"]
        self.reason = entry["reason"]
        self._request = re.compile(entry["request"].encode("latin-1"), re.DOTALL | re.MULTILINE)
        self._memcached = re.compile(entry["memcached"].encode("latin-1"), re.DOTALL)
        self._ember = re.compile(entry["ember"].encode("latin-1"), re.DOTALL)

    def explains(self, request, memcached, ember):
        return (self._request.search(request) is not None
                and self._memcached.fullmatch(memcached) is not None
                and self._ember.fullmatch(ember) is not None)


class Differences:
    """The list, and how often each entry was met."""

    def __init__(self, path=PATH):
        lists = tomllib.loads(path.read_text(encoding="utf-8"))
        entries = lists.get("difference", []) + lists.get("missing", [])
        self.all = [Difference(entry) for entry in entries]
        self.met = collections.Counter()

    def explain(self, request, memcached, ember):
        """The name of the listed difference this is, or None."""
        for difference in self.all:
            if difference.explains(request, memcached, ember):
                self.met[difference.name] += 1
                return difference.name
        return None

    def unmet(self):
        return [difference.name for difference in self.all if not self.met[difference.name]]
