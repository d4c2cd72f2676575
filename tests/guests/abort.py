#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds that a VMX abort is called that: on standard error, in the trace, and in what is saved of it.

usage: abort.py UNDERVISOR IMAGE
"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
SAID = "undervisor run: VMX abort 4 (loading of host MSRs) at RIP 0x"


def run(undervisor, *arguments):
    return subprocess.run([*WRAPPER, undervisor, "run", *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300)


def main():
    undervisor, image = sys.argv[1:]
    failures = 0
    with tempfile.TemporaryDirectory() as work:
        trace, saved = pathlib.Path(work) / "trace.txt", pathlib.Path(work) / "saved"
        for engine in "direct", "nested":
            first = run(undervisor, "--engine", engine, "--trace", trace, "--save", saved, image)
            again = run(undervisor, "--restore", saved)
            for name, done in ("run", first), ("restored", again):
                if done.returncode != 126 or not done.stderr.startswith(SAID):
                    print(f"{engine}, {name}: status {done.returncode}: {done.stderr}")
                    failures += 1
            last = trace.read_text(encoding="utf-8").splitlines()[-1]
            if "vmx-abort indicator 0x4 entry 0x2" not in last:
                print(f"{engine}: the trace ends with {last}")
                failures += 1
    print(f"{failures} failures")
    return 1 if failures else 0


sys.exit(main())
