# SPDX-License-Identifier: BSD-3-Clause
"""What monitoring reads: collectd, munin's plugin and Nagios' check themselves; and what Datadog's agent,
Telegraf and phpMemcachedAdmin key on. All of it against Debian's memcached too, so that what is expected
here is what they really find there."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from wire import ask, eventually, stats, store_and_ask

# Of a poller there is nothing to see in figures.
POLLERS = ["epoll"]

# integrations-core, mcache/datadog_checks/mcache/mcache.py: gauges and rates by name, as floats.
DATADOG = """total_items curr_items limit_maxbytes uptime bytes curr_connections max_connections
    connection_structures threads pointer_size rusage_user rusage_system cmd_get cmd_set cmd_flush
    get_hits get_misses delete_misses delete_hits evictions bytes_read bytes_written cas_misses
    cas_hits cas_badval total_connections listen_disabled_num""".split()
DATADOG_ITEMS = """evicted evicted_nonzero expired_unfetched evicted_unfetched outofmemory tailrepairs
    moves_to_cold moves_to_warm moves_within_lru reclaimed crawler_reclaimed lrutail_reflocked
    direct_reclaims number number_hot number_warm number_cold age evicted_time""".split()
DATADOG_SLABS = """get_hits cmd_set delete_hits incr_hits decr_hits cas_hits cas_badval touch_hits
    used_chunks chunk_size chunks_per_page total_pages total_chunks free_chunks
    free_chunks_end""".split()
DATADOG_ALL_SLABS = ["active_slabs", "total_malloced"]

# telegraf, plugins/inputs/memcached/memcached.go: fields of whole numbers.
TELEGRAF = """accepting_conns auth_cmds auth_errors bytes bytes_read bytes_written cas_badval cas_hits
    cas_misses cmd_flush cmd_get cmd_set cmd_touch conn_yields connection_structures curr_connections
    curr_items decr_hits decr_misses delete_hits delete_misses evicted_unfetched evictions
    expired_unfetched get_hits get_misses hash_bytes hash_is_expanding
    hash_power_level incr_hits incr_misses limit_maxbytes listen_disabled_num reclaimed
    threads total_connections total_items
    touch_hits touch_misses uptime""".split()

# phpMemcachedAdmin, Library/Data/Analysis.php and View/Stats: what it adds, divides, compares and shows.
ADMIN = """cmd_set cmd_get get_hits get_misses delete_hits delete_misses cas_hits cas_misses cas_badval
    incr_hits incr_misses decr_hits decr_misses touch_hits touch_misses cmd_flush bytes limit_maxbytes
    evictions reclaimed uptime curr_connections total_connections curr_items total_items
    pointer_size listen_disabled_num accepting_conns expired_unfetched evicted_unfetched
    hash_power_level hash_bytes hash_is_expanding slabs_moved slab_reassign_running bytes_read
    bytes_written""".split()
ADMIN_SETTINGS = """maxbytes maxconns tcpport udpport inter evictions domain_socket umask chunk_size
    growth_factor num_threads detail_enabled reqs_per_event cas_enabled tcp_backlog
    auth_enabled_sasl oldest""".split()
ADMIN_SLABS = """used_chunks get_hits cmd_set delete_hits cas_hits cas_badval incr_hits decr_hits
    total_chunks chunk_size total_pages""".split()


@pytest.fixture
def both(start, memcached):
    """Ember and memcached after the same few commands, by name."""
    servers = {"ember": start(), "memcached": memcached()}
    for server in servers.values():
        store_and_ask(server)
    return servers


def series(folder):
    """What collectd wrote, lists of rows without their times: `name-YYYY-MM-DD` is a file of lines, the
    first of them names."""
    written = {}
    for path in sorted(folder.glob("*/*/*")):
        lines = path.read_text(encoding="ascii").splitlines()[1:]
        rows = written.setdefault(path.name[:-len("-2026-01-01")], [])
        rows.extend(line.split(",")[1:] for line in lines)
    return written


def collected(port, folder):
    """The series of a collectd that reads this port; it ends as it should. It writes what it reads one
    after the other: once there is a second row of one series, there is a first of each."""
    configuration = folder / "collectd.conf"
    configuration.write_text(f"""
        BaseDir "{folder}"
        PIDFile "{folder}/pid"
        Hostname "here"
        Interval 0.5
        WriteThreads 1
        LoadPlugin csv
        LoadPlugin memcached
        <Plugin csv>
          DataDir "{folder}/csv"
        </Plugin>
        <Plugin memcached>
          <Instance "cache">
            Host "here"
            Address "127.0.0.1"
            Port "{port}"
          </Instance>
        </Plugin>
        """, encoding="ascii")
    process = subprocess.Popen(["collectd", "-f", "-C", str(configuration)],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        assert eventually(lambda: len(series(folder / "csv").get("uptime", [])) > 1, 60), process.poll()
    finally:
        process.send_signal(signal.SIGTERM)
        words = process.communicate(timeout=60)[0]
    assert process.returncode == 0, words
    return series(folder / "csv")


def test_collectd(both, tmp_path):
    if shutil.which("collectd") is None:
        pytest.skip("skipped, because collectd is not installed")
    found = {}
    for name, server in both.items():
        folder = tmp_path / name
        folder.mkdir()
        found[name] = collected(server.port, folder)
    assert len(found["ember"]) > 20
    assert set(found["ember"]) == set(found["memcached"])
    assert {"uptime", "memcached_ops-hits", "df-cache"} <= set(found["ember"])
    assert found["ember"]["memcached_items-current"][0] == ["2.000000"]
    for each, rows in found["ember"].items():
        assert len(rows[0]) == len(found["memcached"][each][0]), each


def tool(command, result, **environment):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False,
                          env=dict(os.environ, **environment))
    if "Cache::Memcached not found" in done.stdout:
        pytest.skip("skipped, because libcache-memcached-perl is not installed")
    assert done.returncode == result, done.stdout + done.stderr
    return done.stdout


MUNIN = "/usr/share/munin/plugins/memcached_"


def test_munin(both, tmp_path):
    """The plugin goes by its name; `U` would be a figure it does not find."""
    if not os.path.exists(MUNIN):
        pytest.skip("skipped, because munin-plugins-extra is not installed")
    for graph, wanted in (("rates", {"cache_hits": "2", "cache_misses": "1", "cmd_get": "3",
                                     "cmd_set": "2", "total_items": "2"}),
                          ("bytes", {}), ("counters", {"curr_items": "2"})):
        plugin = tmp_path / f"memcached_{graph}"
        plugin.symlink_to(MUNIN)
        names = []
        for name, server in both.items():
            words = tool([str(plugin)], 0, host=server.host, port=str(server.port))
            rows = dict(re.fullmatch(r"memcache_(\w+)\.value (\d+)", line).groups()
                        for line in words.splitlines())
            assert wanted.items() <= rows.items(), name
            names.append(list(rows))
        assert names[0] == names[1] and len(names[0]) >= 2


NAGIOS = "/usr/lib/nagios/plugins/check_memcached"


def test_nagios(both):
    """The check keeps what it saw in the cache itself, and compares with it the next time."""
    if not os.path.exists(NAGIOS):
        pytest.skip("skipped, because monitoring-plugins-contrib is not installed")
    said = {}
    for name, server in both.items():
        check = [NAGIOS, "-t", "30", "-H", server.host, "-p", str(server.port)]
        words = tool(check, 0)
        with server.connect() as wire:
            kept = ask(wire, b"get check_memcached\r\n", b"END\r\n")
            assert b"cmd_get=3 cmd_set=2 get_hits=2 get_misses=1 evictions=0" in kept, (name, kept)
            for _ in range(6):
                ask(wire, b"get a nothing\r\n", b"END\r\n")
        words += tool([*check, "-T", "0", "-w", "2"], 1)
        words += tool([*check, "-T", "0", "-w", "0.5"], 0)
        said[name] = re.sub(r"(time|interval)=\d+", r"\1=", words)
    assert said["ember"] == said["memcached"]
    assert "WARNING: Low hit/miss rate" in said["ember"]


def figures(server, family=""):
    return {name: value.strip() for name, value in stats(server, family)}


def test_telegraf(both):
    for name, server in both.items():
        general = figures(server)
        for each in TELEGRAF:
            assert general[each].isdigit(), (name, each)


def test_datadog(both):
    """The agent asks by python-binary-memcached, a client of the binary protocol."""
    bmemcached = pytest.importorskip(
        "bmemcached", reason="skipped, because python3-binary-memcached is not installed")
    for name, server in both.items():
        client = bmemcached.Client(f"{server.host}:{server.port}")
        (general,) = client.stats().values()
        (items,) = client.stats("items").values()
        (slabs,) = client.stats("slabs").values()
        client.disconnect_all()
        for each in DATADOG:
            assert float(general[each]) >= 0, (name, each)
        assert general["version"].decode().split(".")[0] == "1", name
        of_items, of_slabs = by_class(items, "items:"), by_class(slabs, "")
        assert len(of_items) == 2 and set(of_items) == set(of_slabs), name
        for rows, wanted in ((of_items, DATADOG_ITEMS), (of_slabs, DATADOG_SLABS)):
            for row in rows.values():
                for each in wanted:
                    assert float(row[each]) >= 0, (name, each)
        for each in DATADOG_ALL_SLABS:
            assert float(slabs[each]) > 0, (name, each)
        assert 100.0 * float(general["get_hits"]) / float(general["cmd_get"]) == pytest.approx(200 / 3)


def by_class(rows, prefix):
    """`PREFIXclass:name` as a dictionary for each class."""
    found = {}
    for key, value in rows.items():
        parts = key[len(prefix):].split(":")
        if key.startswith(prefix) and len(parts) == 2:
            found.setdefault(parts[0], {})[parts[1]] = value
    return found


def test_php_memcached_admin(both):
    for name, server in both.items():
        general = figures(server)
        for each in ADMIN:
            assert general[each].isdigit(), (name, each)
        # It divides by the seconds a server runs.
        assert eventually(lambda s=server: int(figures(s)["uptime"]) > 0), name
        of_items = by_class(figures(server, "items"), "items:")
        of_slabs = by_class(figures(server, "slabs"), "")
        assert len(of_slabs) == 2, name
        for number, row in of_slabs.items():
            for each in ADMIN_SLABS:
                assert row[each].isdigit(), (name, each)
            # What it calls wasted: memory of the class less what was asked for.
            requested = int(of_items[number]["mem_requested"])
            assert 0 < requested <= int(row["total_chunks"]) * int(row["chunk_size"]), name
            # A class's items are the words of a line: the second, and what is behind `[`, and the fifth.
            with server.connect() as wire:
                line = ask(wire, b"stats cachedump %d 10\r\n" % int(number), b"END\r\n").decode()
            assert re.fullmatch(r"ITEM [ab] \[(1|9000) b; \d+ s\]\r\nEND\r\n", line), (name, line)
        assert set(ADMIN_SETTINGS) <= set(figures(server, "settings")), name
