#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an image finds of its modules and the memory: modules.py UNDERVISOR IMAGE multiboot1|multiboot2|pvh"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

# 640 KB without what firmware has at their end, the ROM, and the rest of 16 MB.
MAP = [(0, 0x9fc00, "RAM"), (0x9fc00, 0x400, "reserved"), (0xe0000, 0x20000, "reserved"),
       (0x100000, 0xf00000, "RAM")]

TITLES = {"multiboot1": "multiboot 1", "multiboot2": "multiboot 2", "pvh": "PVH"}


def main():
    undervisor, image, start = sys.argv[1:4]
    wrapper = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
    with tempfile.TemporaryDirectory() as folder:
        first, second = (str(pathlib.Path(folder) / name) for name in ("first", "second"))
        pathlib.Path(first).write_bytes(b"what the first file holds")
        pathlib.Path(second).write_bytes(b"x" * 5000 + b"!")
        run = subprocess.run([*wrapper, undervisor, "run", "--memory", "16M",
                              "--initrd", f"{first},one a", "--initrd",
                              second, "--append", "z", image, "x", "y"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    # A kernel that is started by PVH gets its command line without its own name.
    line = "x y z" if start == "pvh" else f"{image} x y z"
    strings = [f"{first} one a", second]
    wanted = (f"{TITLES[start]}\ncommand line: '{line}'\n"
              f"module: '{strings[0]}' 'what the first file holds'\n"
              f"module: '{strings[1]}' '{'x' * 5000}!'\n"
              + "".join(f"memory: {base:016x} {size:016x} {kind}\n" for base, size, kind in MAP))
    if run.stdout.replace("\r", "") != wanted or run.returncode != 1:
        print(f"status {run.returncode}\n{run.stderr}\n{run.stdout}\nnot\n{wanted}")
        return 1
    return 0


sys.exit(main())
