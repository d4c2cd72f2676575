#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs guests/tests/vmx_narrow.c with each VMX capability turned off in its turn.

usage: vmx_narrow.py UNDERVISOR IMAGE

The image holds what the capability MSRs say against what the processor does, on either engine. A
hypervisor of 64 bits needs two of the capabilities.
"""
import itertools
import os
import shlex
import subprocess
import sys

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
NEEDED = {"exit-64bit", "entry-64bit"}


def undervisor(*words):
    return subprocess.run([*WRAPPER, sys.argv[1], "run", *words], stdin=subprocess.DEVNULL,
                          timeout=120, capture_output=True, text=True)


def main():
    words = [line.split()[0][1:] for line in undervisor("--cpu", "help").stdout.splitlines()
             if len(line.split()) > 1]
    if len(words) < 80 or not NEEDED < set(words):
        print(f"--cpu help names {len(words)} capabilities: {words}")
        return 1
    failures, runs = 0, 0
    for engine, word in itertools.product(("direct", "nested"), ["", *words]):
        if word in NEEDED:
            continue
        done = undervisor("--engine", engine, "--cpu", "-" + word if word else "maxphyaddr=46",
                          sys.argv[2])
        last = (done.stdout.splitlines() or [""])[-1]
        runs += 1
        if done.returncode != 1 or not last.endswith(" passed, 0 failed"):
            failures += 1
            print(f"{engine}, -{word}: status {done.returncode}\n{done.stdout}{done.stderr}")
    print(f"{runs} processors, {failures} failures")
    return 1 if failures else 0


sys.exit(main())
