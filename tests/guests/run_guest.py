#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a guest image of guests/ and holds what it says, and that no way to run it changes anything.

usage: run_guest.py UNDERVISOR IMAGE STATUS CPUS [+OPTIONS] [OPTIONS]...

The image must end with STATUS, its last line must count no failure (unless it shuts down), and each
run with OPTIONS ("--stress tlb --engine nested") must give the same output and the same trace hash as
the plain one. With +OPTIONS all of them run. Under user-mode emulation of another host, stress is left out: it takes minutes there.
"""
import os
import re
import shlex
import subprocess
import sys

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=300)
    found = re.search(r"trace hash: ([0-9a-f]{16})", done.stderr)
    return done.returncode, done.stdout, found.group(1) if found else None, done.stderr


def main():
    undervisor, image, status, cpus = sys.argv[1:5]
    options = sys.argv[5:]
    common = shlex.split(options.pop(0)[1:]) if options and options[0].startswith("+") else []
    variants = [v for v in options if not (WRAPPER and "--stress" in v)]
    command = [*WRAPPER, undervisor, "run", "--cpus", cpus, "--trace-hash", *common]
    plain = run([*command, image])
    failures = 0
    if plain[0] != int(status):
        print(f"{image}: status {plain[0]}, not {status}\n{plain[1]}{plain[3]}")
        failures += 1
    lines = plain[1].strip().splitlines()
    if int(status) == 1 and not (lines and re.fullmatch(r"[1-9]\d* passed, 0 failed", lines[-1])):
        print(f"{image}: the last line is {lines[-1:]}")
        failures += 1
    if plain[2] is None:
        print(f"{image}: no trace hash")
        failures += 1
    again = run([*command, image])
    for name, other in [("a second run", again)] + [
            (v, run([*command, *v.split(), image])) for v in variants]:
        if other[:3] != plain[:3]:
            print(f"{image}: {name} differs: status {other[0]}, hash {other[2]}, not {plain[2]}")
            failures += 1
    print(f"{image}: {len(variants) + 2} runs, {failures} failures, hash {plain[2]}")
    return 1 if failures else 0


sys.exit(main())
