# SPDX-License-Identifier: BSD-3-Clause
"""The machine is what it claims to be, judged by libpmem2 alone: granularity, and power cuts."""

import pytest

VARIANTS = {
    "fsdax": ("mem-ctrl", "make_fsdax; mount_dax", "mount_dax", "/mnt/pmem/f", "cache_line"),
    "eadr": ("cpu", "make_fsdax; mount_dax", "mount_dax", "/mnt/pmem/f", "byte"),
    "devdax": ("mem-ctrl", "make_devdax", "await /dev/dax0.0", "/dev/dax0.0", "cache_line"),
}


@pytest.mark.long
@pytest.mark.parametrize("variant", VARIANTS)
def test_libpmem2_after_power_cut(boot, variant):
    persistence, make, again, path, granularity = VARIANTS[variant]
    probe = "dax-probe %s 64 %s >/tmp/out; while read -r l; do say $l; done </tmp/out\n"
    first = boot(f"{make}\n{probe % (path, 'write')}sleep 100\n", persistence)
    first.wait_for("granularity")
    assert f"granularity {granularity}" in first.cut_power()
    second = boot(f"{again}\n{probe % (path, 'check')}", persistence).finish()
    assert f"granularity {granularity}" in second
    assert "whole" in second
