# SPDX-License-Identifier: BSD-3-Clause
"""Machine: one boot of the test machine, from power on to power off or power cut.

The judge's file gets every byte at the instruction that says it (judge_port.h), so what stands in
it when the emulator is killed is what the guest had said. The console is for people.
"""

import ctypes
import itertools
import signal
import subprocess
import threading
import time

MIB = 1 << 20
DISK_BYTES = 256 * MIB
# Software emulation on a busy machine of one core.
BOOT_SECONDS = 240
PR_SET_PDEATHSIG = 1


class MachineError(Exception):
    """The machine did not do what the scenario needs; the text has its last words."""


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Machine:
    _numbers = itertools.count(1)

    def __init__(self, image, disk, script, persistence="mem-ctrl", seconds=BOOT_SECONDS):
        self.name = f"boot{next(self._numbers)}"
        self.initrd = image.with_scenario(script, self.name)
        self.told = image.folder / f"{self.name}.told"
        self.console = image.folder / f"{self.name}.console"
        self.told.touch()
        command = [
            "qemu-system-x86_64",
            "-machine", f"q35,nvdimm=on,nvdimm-persistence={persistence},accel=tcg",
            "-cpu", "max", "-smp", "1", "-m", "768M,slots=2,maxmem=2304M",
            "-object", f"memory-backend-file,id=nv0,share=on,mem-path={disk},size={DISK_BYTES}",
            "-device", "nvdimm,id=nvdimm0,memdev=nv0",
            "-kernel", str(image.kernel_image), "-initrd", str(self.initrd),
            "-append", "console=ttyS0 loglevel=1 panic=-1 mitigations=off",
            "-chardev", f"file,id=judge,path={self.told}",
            "-device", "isa-debugcon,iobase=0xe9,chardev=judge",
            "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
            "-serial", f"file:{self.console}", "-no-reboot",
        ]
        self.started = time.monotonic()
        self.errors = open(image.folder / f"{self.name}.errors", "w+", encoding="utf-8")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.errors,
                                        stderr=self.errors, preexec_fn=die_with_parent)
        self.deadline = self.started + seconds
        self._timer = threading.Timer(seconds, self.process.kill)
        self._timer.daemon = True
        self._timer.start()

    def lines(self):
        """What was told so far, whole lines only."""
        return self.told.read_bytes().decode("ascii", "replace").split("\n")[:-1]

    def words(self):
        """The end of the console and of the emulator's own messages, for a failure."""
        self.errors.seek(0)
        console = self.console.read_text(errors="replace") if self.console.exists() else ""
        return "\n".join([f"--- {self.name}, told:", *self.lines()[-12:], "--- console:",
                          console[-3000:], "--- emulator:", self.errors.read()[-2000:]])

    def _check(self, what):
        failed = [line for line in self.lines() if line.startswith("failed")]
        if failed:
            raise MachineError(f"{failed[0]} while waiting for {what}\n{self.words()}")
        if self.process.poll() is not None:
            raise MachineError(f"the machine is off, waiting for {what}\n{self.words()}")

    def wait_for(self, word, count=1):
        """Until `count` lines begin with `word`."""
        while sum(line.startswith(word) for line in self.lines()) < count:
            self._check(f"{count} x {word}")
            time.sleep(0.02)

    def cut_power(self):
        """Nothing in the guest has a chance to notice. What was told stays told."""
        self._timer.cancel()
        if self.process.poll() is not None:
            raise MachineError(f"the machine was off before the power cut\n{self.words()}")
        self.process.kill()
        self.process.wait()
        return self.lines()

    def finish(self):
        """Until the scenario is at its end; what was told."""
        code = self.process.wait(timeout=max(1, self.deadline - time.monotonic()) + 10)
        self._timer.cancel()
        lines = self.lines()
        if code != 0 or "end" not in lines:
            raise MachineError(f"the scenario did not come to its end ({code})\n{self.words()}")
        return lines

    def kill(self):
        self._timer.cancel()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.errors.close()
