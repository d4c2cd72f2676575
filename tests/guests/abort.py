#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds that a VMX abort is called that, and a triple fault in VMX operation that: on standard error, in the trace,
and in what is saved of it.

usage: abort.py UNDERVISOR IMAGE
"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
# By image: what is said, and the last event of the trace.
ENDS = {
    "vmx_abort": ("VMX abort 4 (loading of host MSRs)", " vmx-abort indicator 0x4 entry 0x2"),
    "vmx_triple": ("triple fault", " exception vector 0x8 error_code 0x0 cr2 0x0"),
}


def run(undervisor, *arguments):
    return subprocess.run([*WRAPPER, undervisor, "run", *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300)


def main():
    undervisor, image = sys.argv[1:]
    said, event = ENDS[pathlib.Path(image).stem]
    failures = 0
    with tempfile.TemporaryDirectory() as work:
        trace, saved = pathlib.Path(work) / "trace.txt", pathlib.Path(work) / "saved"
        for engine in "direct", "nested":
            first = run(undervisor, "--engine", engine, "--trace", trace, "--save", saved, image)
            again = run(undervisor, "--restore", saved)
            for name, done in ("run", first), ("restored", again):
                if done.returncode != 126 or not done.stderr.startswith(f"undervisor run: {said} at RIP 0x"):
                    print(f"{engine}, {name}: status {done.returncode}: {done.stderr}")
                    failures += 1
            last = [line for line in trace.read_text(encoding="utf-8").splitlines() if " l0-" not in line][-1]
            if not last.endswith(event):
                print(f"{engine}: the trace ends with {last}")
                failures += 1
    print(f"{failures} failures")
    return 1 if failures else 0


sys.exit(main())
