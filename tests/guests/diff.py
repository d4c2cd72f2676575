#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Guest images on both engines, exit for exit.

usage: diff.py UNDERVISOR FEWEST-EXITS CPUS IMAGE [OPTIONS]...

"undervisor diff" must find no difference, as it is and with each of OPTIONS ("--stress ept02"), and
must have compared FEWEST-EXITS at least. Under user-mode emulation of another host, stress is left
out: it takes minutes there.
"""
import os
import re
import shlex
import subprocess
import sys

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))


def main():
    undervisor, fewest, cpus, image = sys.argv[1:5]
    failures, counts = 0, set()
    variants = ["", *(v for v in sys.argv[5:] if not (WRAPPER and "--stress" in v))]
    for options in variants:
        done = subprocess.run([*WRAPPER, undervisor, "diff", "--cpus", cpus, *options.split(), image],
                              timeout=300, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        found = re.search(r"^no difference: .*\nVM exits compared: (\d+)\n", done.stdout)
        if done.returncode or done.stderr or not found or int(found[1]) < int(fewest):
            print(f"{image} {options}: status {done.returncode}\n{done.stdout}{done.stderr}")
            failures += 1
        else:
            counts.add(done.stdout)
    if len(counts) > 1:
        print(f"{image}: the counts differ: {counts}")
        failures += 1
    print(f"{image}: {len(variants)} runs, {failures} failures\n{''.join(counts)}")
    return 1 if failures else 0


sys.exit(main())
