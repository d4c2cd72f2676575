#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""guests/tests/virtio.c with a disk and a console: what it says, and what is left of both.

usage: virtio.py UNDERVISOR IMAGE

The disk is changed only where the options say so, and then exactly as the guest wrote it. However it
is run, console, output and trace hash are the same.
"""
import os
import pathlib
import re
import shlex
import struct
import subprocess
import sys
import tempfile

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
SECTOR, SECTORS = 512, 64
CONSOLE = b"virtio console: two buffers\n"


def original():
    """Each 32-bit word of it is its number."""
    words = SECTORS * SECTOR // 4
    return struct.pack(f"<{words}I", *range(words))


def written():
    """The same with what the guest writes: sectors 7 to 9, and zeros in 8."""
    data = bytearray(original())
    data[7 * SECTOR:10 * SECTOR] = struct.pack("<I", 0xc0ffee00) * (3 * SECTOR // 4)
    data[8 * SECTOR:9 * SECTOR] = bytes(SECTOR)
    return bytes(data)


def run(folder, mode, *words):
    """(status, output, hash, console, disk) of one run with a new disk."""
    disk, console = folder / "disk.img", folder / "console.txt"
    disk.write_bytes(original())
    done = subprocess.run(
        [*WRAPPER, sys.argv[1], "run", "--disk", str(disk) + mode, "--virtio-console",
         f"file:{console}", "--trace-hash", *words, sys.argv[2]],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    found = re.search(r"trace hash: ([0-9a-f]{16})", done.stderr)
    return (done.returncode, done.stdout, found and found.group(1), console.read_bytes(),
            disk.read_bytes()), done.stderr


def main():
    failures = []
    ways = [(), ("--stress", "single"), ("--stress", "tlb"), ("--stress", "blocks"),
            ("--engine", "direct")]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        plain, errors = run(folder, "")
        if plain[0] != 1 or not re.search(r"^[1-9]\d* passed, 0 failed\s*$", plain[1], re.M):
            failures.append(f"status {plain[0]}\n{plain[1]}{errors}")
        if plain[2] is None:
            failures.append(f"no trace hash: {errors}")
        if plain[3] != CONSOLE:
            failures.append(f"console: {plain[3]}")
        if plain[4] != original():
            failures.append("the disk has changed")
        for words in ways[:1] if WRAPPER else ways:
            if run(folder, "", *words)[0] != plain:
                failures.append(f"another run differs: {words}")
        through, errors = run(folder, ",write")
        if through[:4] != plain[:4]:
            failures.append(f"with ,write: {through[:4]} {errors}")
        if through[4] != written():
            failures.append("with ,write: not what was written")
    print("\n".join(failures))
    print(f"{sys.argv[2]}: hash {plain[2]}, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
