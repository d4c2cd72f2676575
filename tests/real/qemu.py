# SPDX-License-Identifier: MIT
"""QEMU as the outside truth: boots the guest, dumps its memory, says what it thinks is mapped."""

import json
import os
import re
import select
import shutil
import socket
import subprocess
import threading
import time

from guest import Unavailable

PROGRAM = "qemu-system-x86_64"
CHUNK = 1 << 20


class Failed(Exception):
    """The machine did not do what the test needs."""


def require():
    """Unavailable if there is no QEMU."""
    if not shutil.which(PROGRAM):
        raise Unavailable(f"no {PROGRAM}")


class Qemu:
    """One machine without hardware acceleration, controlled over QMP. A context manager: whatever
    happens inside, the process is gone afterwards."""

    def __init__(self, kernel, initrd, levels, memory):
        self.console = b""
        self.qmp, theirs = socket.socketpair(socket.AF_UNIX)
        self.replies = self.qmp.makefile("rb")
        # The guest touches little of its memory; "reserve=off" lets it have more than the host.
        command = [
            PROGRAM, "-accel", "tcg", "-cpu", f"max,la57={'on' if levels == 5 else 'off'}",
            "-object", f"memory-backend-ram,id=ram,size={memory},reserve=off",
            "-machine", "pc,memory-backend=ram", "-m", memory, "-smp", "1",
            "-nodefaults", "-display", "none", "-no-reboot",
            "-kernel", kernel, "-initrd", initrd,
            "-append", "console=ttyS0 quiet panic=-1 rdinit=/init",
            "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
            "-chardev", f"socket,id=qmp,fd={theirs.fileno()}", "-mon", "chardev=qmp,mode=control",
        ]
        with theirs:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, pass_fds=[theirs.fileno()])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.replies.close()
        self.qmp.close()

    def wait_for(self, line, timeout):
        """Reads the console up to @line and returns all its lines."""
        deadline = time.monotonic() + timeout
        while line.encode() not in self.console:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failed(f"no '{line}' within {timeout} s; {self._last_words()}")
            if not select.select([self.process.stdout], [], [], left)[0]:
                continue
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise Failed(f"QEMU ended; {self._last_words()}")
            self.console += data
        return self.console.decode(errors="replace").replace("\r", "").splitlines()

    def _last_words(self):
        tail = self.console.decode(errors="replace").replace("\r", "").splitlines()[-12:]
        return "its console ends:\n" + "\n".join(tail)

    def connect(self, timeout=60):
        """Greets QMP."""
        self.qmp.settimeout(timeout)
        self.replies.readline()
        self.execute("qmp_capabilities")

    def execute(self, command, fds=(), **arguments):
        """One QMP command; returns what it returns."""
        message = json.dumps({"execute": command, "arguments": arguments}).encode()
        if fds:
            socket.send_fds(self.qmp, [message], list(fds))
        else:
            self.qmp.sendall(message)
        while True:
            line = self.replies.readline()
            if not line:
                raise Failed(f"QEMU closed the connection during {command}")
            reply = json.loads(line)
            if "error" in reply:
                raise Failed(f"{command}: {reply['error']['desc']}")
            if "return" in reply:
                return reply["return"]

    def monitor(self, command):
        """One command of the human monitor; returns its text."""
        return self.execute("human-monitor-command", **{"command-line": command})

    def stop_in_user_mode(self, attempts=100):
        """Stops the machine at a moment when the processor runs at CPL 3."""
        for _ in range(attempts):
            self.execute("stop")
            text = self.monitor("info registers")
            if re.search(r"\bCPL=3\b", text):
                return
            self.execute("cont")
            time.sleep(0.02)
        raise Failed(f"never at CPL 3 in {attempts} attempts")

    def registers(self):
        """CR0, CR3, CR4, EFER of CPU 0."""
        text = self.monitor("info registers -a")
        return {name.lower(): int(re.search(rf"\b{name}=([0-9a-f]+)", text).group(1), 16)
                for name in ("CR0", "CR3", "CR4", "EFER")}

    def dump(self, path):
        """Writes an ELF dump of physical memory to @path. It comes through a pipe, so that pages
        of zeros become holes in the file."""
        read_end, write_end = os.pipe()
        writer = threading.Thread(target=_copy_sparse, args=(read_end, path), daemon=True)
        writer.start()
        try:
            self.execute("getfd", fds=[write_end], fdname="dump")
            os.close(write_end)
            write_end = -1
            self.execute("dump-guest-memory", paging=False, protocol="fd:dump")
        finally:
            if write_end >= 0:
                os.close(write_end)
            writer.join(timeout=60)
        if writer.is_alive():
            raise Failed("the dump did not end")

    def gva2gpa(self, address):
        """QEMU's translation for CPU 0, None if it has none."""
        text = self.monitor(f"gva2gpa {address:#x}")
        if text.startswith("gpa:"):
            return int(text.split()[1], 16)
        if "Unmapped" in text:
            return None
        raise Failed(f"gva2gpa {address:#x}: {text!r}")


def _copy_sparse(read_end, path):
    """Copies a pipe to a file, leaving out whole chunks of zeros."""
    zeros = bytes(65536)
    with os.fdopen(read_end, "rb", buffering=CHUNK) as source, open(path, "wb", 0) as target:
        size = 0
        while True:
            data = source.read(len(zeros))
            if not data:
                break
            if data != zeros[:len(data)]:
                os.pwrite(target.fileno(), data, size)
            size += len(data)
        target.truncate(size)
