# SPDX-License-Identifier: BSD-3-Clause
"""The test machine's file system in memory: busybox, modules, programs and their libraries.

It is built once a run; a scenario comes as a second archive behind it, which the kernel unpacks
after the first.
"""

import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
MODULES = ["nd_pmem", "nfit", "device_dax", "dax_pmem", "nd_btt"]
TOOLS = ["ndctl", "mkfs.ext4"]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(*command, **how):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, **how)


def libraries_of(program):
    """What ldd finds, the loader included; nothing for a static program."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, timeout=30, check=False)
    missing = re.findall(r"^\s*(\S+) => not found", listed.stdout, re.M)
    if missing:
        raise RuntimeError(f"{program} needs {missing}, which are not installed")
    return re.findall(r"(/\S+)(?= \(0x)", listed.stdout)


def archive(folder, to):
    """A cpio archive of everything in `folder`, owned by root."""
    names = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*"))]
    with open(to, "wb") as out:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=folder, stdout=out,
                       input="\n".join(names).encode(), check=True, timeout=120)
    return to


class GuestImage:
    """`kernel` is the unpacked kernel package, `programs` the paths that go to the guest's /bin."""

    def __init__(self, kernel, programs, folder):
        self.folder = folder
        self.kernel_image = next((kernel / "boot").glob("vmlinuz-*"))
        self.release = self.kernel_image.name.removeprefix("vmlinuz-")
        root = folder / "root"
        for name in ("bin", "modules", "lib"):
            (root / name).mkdir(parents=True)
        self._add_busybox(root)
        for program in list(programs) + [shutil.which(tool, path=PATH) for tool in TOOLS]:
            self._add_program(root, pathlib.Path(program))
        self._add_modules(root, kernel)
        shutil.copy(HERE / "guest" / "guest.sh", root)
        shutil.copy(HERE / "guest" / "init", root)
        (root / "init").chmod(0o755)
        self.base = archive(root, folder / "base.cpio")
        shutil.rmtree(root)

    @staticmethod
    def _add_busybox(root):
        busybox = shutil.which("busybox", path=PATH)
        shutil.copy(busybox, root / "bin/busybox")
        for applet in set(run(busybox, "--list").stdout.split()) - {"busybox"}:
            (root / "bin" / applet).symlink_to("busybox")

    @staticmethod
    def _add_program(root, program):
        target = root / "bin" / program.name
        target.unlink(missing_ok=True)
        shutil.copy(program, target)
        for library in libraries_of(program):
            there = root / library.lstrip("/")
            there.parent.mkdir(parents=True, exist_ok=True)
            if not there.exists():
                shutil.copy(library, there)

    def _add_modules(self, root, kernel):
        run("depmod", "-b", str(kernel), self.release, env={"PATH": PATH})
        folder = kernel / "lib/modules" / self.release
        # modules.dep names a module's needs from the last to load to the first. (modprobe would
        # leave out what the host's own kernel has built in.)
        needs = {}
        for line in (folder / "modules.dep").read_text(encoding="ascii").splitlines():
            path, _, others = line.partition(":")
            needs[pathlib.Path(path).stem] = [*reversed(others.split()), path]
        order = dict.fromkeys(folder / path for module in MODULES for path in needs[module])
        for path in order:
            shutil.copy(path, root / "modules")
        names = "".join(path.name + "\n" for path in order)
        (root / "modules/order").write_text(names)

    def with_scenario(self, script, name):
        """The initrd for one boot."""
        extra = self.folder / f"{name}.scenario"
        extra.mkdir()
        (extra / "scenario.sh").write_text(script)
        second = archive(extra, self.folder / f"{name}.cpio")
        initrd = self.folder / f"{name}.initrd"
        with open(initrd, "wb") as out:
            for part in (self.base, second):
                out.write(part.read_bytes())
        return initrd
