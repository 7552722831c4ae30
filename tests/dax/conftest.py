# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures: the guest's image, fresh NVDIMMs, and boots that end whatever happens."""

import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from guest_image import PATH, GuestImage  # noqa: E402
from machine import DISK_BYTES, Machine  # noqa: E402

NEEDED = ["qemu-system-x86_64", "busybox", "ndctl", "cpio", "depmod", "mkfs.ext4"]
FREE_MEMORY = 1 << 30
FREE_DISK = 1 << 30


def is_long():
    return os.environ.get("EMBER_DAX") == "long"


def pytest_configure(config):
    config.addinivalue_line("markers", "long: run by ./tools/test --dax only")


def pytest_collection_modifyitems(config, items):
    if is_long():
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def rounds(short, long):
    return long if is_long() else short


def available_memory():
    for line in pathlib.Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return 0


def why_not(folder):
    """What this machine lacks for a virtual one, or nothing."""
    for tool in NEEDED:
        if shutil.which(tool, path=PATH) is None:
            return f"{tool} is missing: ./tools/test --dax installs it"
    if not list(kernel_folder().glob("boot/vmlinuz-*")):
        return f"there is no kernel in {kernel_folder()}: ./tools/test --dax fetches it"
    if available_memory() < FREE_MEMORY:
        return f"less than {FREE_MEMORY >> 20} MiB of memory are available"
    if shutil.disk_usage(folder).free < FREE_DISK:
        return f"less than {FREE_DISK >> 20} MiB are free in {folder}"
    return None


def kernel_folder():
    return pathlib.Path(os.environ.get("EMBER_DAX_KERNEL", "build/dax")) / "kernel"


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dax")
    lacking = why_not(folder)
    if lacking:
        pytest.skip(f"skipped, because {lacking}")
    ember = pathlib.Path(os.environ["EMBER_BIN"])
    programs = pathlib.Path(os.environ["EMBER_DAX_PROGRAMS"])
    paths = [ember, programs / "dax-client", programs / "dax-probe"]
    inspect = ember.parent / "ember-inspect"
    if inspect.exists():
        paths.append(inspect)
    made = GuestImage(kernel_folder(), paths, folder)
    yield made
    made.base.unlink()


@pytest.fixture
def disk(tmp_path):
    """A fresh NVDIMM; it lives as long as its file."""
    path = tmp_path / "nvdimm"
    with open(path, "wb") as out:
        out.truncate(DISK_BYTES)
    yield path
    path.unlink()


@pytest.fixture
def boot(image, disk):
    """boot(script): the machine with this scenario. The NVDIMM is the same for all of a test."""
    machines = []

    def make(script, persistence="mem-ctrl"):
        machines.append(Machine(image, disk, script, persistence))
        return machines[-1]

    yield make
    for machine in machines:
        machine.kill()
        machine.initrd.unlink()
