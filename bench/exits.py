#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What leaving a guest costs, on undervisor and on Bochs, in turns: nanoseconds, host instructions, ratios.

usage: exits.py BUILD-DIR [--engine NAME]... [--bochs PROGRAM] [--rounds N] [--scale X] [--instructions]
                [--json FILE] [WORKLOAD...]

Time is the processor's (user and system). Start-up does not count: each round runs the image with a count of 0
and with its own, and takes the difference; the median of the rounds counts. The result that the image
prints must be the same everywhere. --instructions counts the host's instructions with valgrind, which takes a
minute. A ratio is the other's figure over the first column's: above 1 the first one is faster. With
--engine, undervisor runs once for each engine that is named.
"""
import argparse
import json
import os
import pathlib
import re
import shlex
import statistics
import subprocess
import sys
import tempfile

from emulators import ROOT, run

COUNTS = {"cpuid": 1000000, "vmcall": 1000000, "io": 1000000, "ept": 1000000, "compute": 20000, "vmread": 2000000,
          "vmwrite": 2000000}
PER_ROUND = {"vmread": 10, "vmwrite": 10}
BOCHS_CPU = "corei7_icelake_u"  # one with VMX, EPT and VPID
COLLECTED = re.compile(r"Collected : (\d+)")


def commands(options):
    """Name: a function of how the program is to be started (a prefix), and of the image's arguments."""
    ours = str(options.build / "tools" / "undervisor")
    image = str(options.build / "guests" / "bench-exits.elf")
    found = {}
    for engine in options.engine or [None]:
        choice = ["--engine", engine] if engine else []
        found[engine or "undervisor"] = lambda words, prefix=(), choice=choice: [
            *prefix, ours, "run", *choice, image, *words]
    if options.bochs:
        found["bochs"] = lambda words, prefix=(): [
            str(ROOT / "scripts" / "run_guest_bochs"), "--bochs", wrapper(options.bochs, prefix),
            "--cpu", BOCHS_CPU, "--timeout", "900", image, *words]
    return found


def wrapper(program, prefix):
    """A program that starts @program behind @prefix, whose last word is a path to put it beside."""
    if not prefix:
        return program
    script = pathlib.Path(prefix[-1].split("=")[1]).with_name("start")
    script.write_text(f'#!/bin/sh\nexec {shlex.join([*prefix, program])} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return str(script)


def seconds(command, workload, count):
    idle, _ = run(command(["0", workload]), False)
    busy, result = run(command([str(count), workload]), False)
    return max(busy - idle, 1e-9), result


def instructions_of(command, words):
    """Host instructions of the whole process."""
    with tempfile.TemporaryDirectory() as scratch:
        log = pathlib.Path(scratch) / "log"
        prefix = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={log}"]
        done = subprocess.run(command(words, prefix), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
        said = log.read_text(encoding="utf-8") if log.exists() else done.stderr
    found = COLLECTED.search(said)
    if not found:
        sys.exit(f"exits.py: valgrind counted nothing:\n{said}")
    return int(found.group(1))


def measure(emulators, workload, count, options):
    times = {name: [] for name in emulators}
    results = {}
    for _ in range(options.rounds):
        for name, command in emulators.items():
            spent, results[name] = seconds(command, workload, count)
            times[name].append(spent / (count * PER_ROUND.get(workload, 1)) * 1e9)
    if len(set(results.values())) != 1:
        sys.exit(f"exits.py: {workload}: the results differ: {results}")
    row = {name: {"ns": statistics.median(values)} for name, values in times.items()}
    if options.instructions:
        few = max(256, count // 500)
        for name, command in emulators.items():
            more = instructions_of(command, [str(2 * few), workload])
            less = instructions_of(command, [str(few), workload])
            row[name]["instructions"] = (more - less) / (few * PER_ROUND.get(workload, 1))
    return row


def line_of(workload, row):
    first = next(iter(row.values()))
    line = f"{workload:<10}"
    for cells in row.values():
        line += f"{cells['ns']:14.1f}"
        if "instructions" in cells:
            line += f"{cells['instructions']:10.0f}"
    for cells in list(row.values())[1:]:
        line += f"{cells['ns'] / first['ns']:10.1f}"
        if "instructions" in cells:
            line += f"{cells['instructions'] / first['instructions']:10.1f}"
    return line


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--engine", action="append")
    parser.add_argument("--bochs", default=os.environ.get("BOCHS"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("workloads", nargs="*", default=[])
    options = parser.parse_intermixed_args()

    emulators = commands(options)
    head = f"{'':<10}"
    for name in emulators:
        head += f"{name + ' ns':>14}" + (f"{'insns':>10}" if options.instructions else "")
    for _ in list(emulators)[1:]:
        head += f"{'ratio':>10}" + (f"{'insns':>10}" if options.instructions else "")
    print(head, flush=True)
    report = {}
    for workload in options.workloads or COUNTS:
        count = max(1, round(COUNTS[workload] * options.scale))
        report[workload] = measure(emulators, workload, count, options)
        print(line_of(workload, report[workload]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent="\t") + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
