#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times the benchmark images on undervisor, QEMU's TCG and Bochs, in turns, and prints medians and ratios.

usage: emulators.py BUILD-DIR [--bochs PROGRAM] [--qemu PROGRAM] [--rounds N] [--scale X] [--json FILE]
                    [--wall] [WORKLOAD...]

Times are of the processor (user and system), which a busy machine disturbs less; --wall takes the clock's.
Start-up does not count: each round runs every image with a count of 0 and with its own, and takes the
difference. The result that an image prints must be the same everywhere. A ratio is the other's time over
undervisor's: above 1 undervisor is faster.
"""
import argparse
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULT = re.compile(r"^(\d+) rounds: (0x[0-9a-f]+)", re.M)
COUNTS = {"alu": 30000, "compute": 200, "io": 40000, "memory": 1500, "strings": 40000, "tlb": 30000}


def commands(options):
    build = options.build
    found = {}
    ours = build / "tools" / "undervisor"
    if ours.exists() and not options.without_ours:
        found["undervisor"] = lambda image, count: [str(ours), "run", str(image), str(count)]
    if options.qemu:
        found["qemu"] = lambda image, count: [
            options.qemu, "-machine", "q35", "-accel", "tcg", "-cpu", "max,vendor=GenuineIntel", "-m",
            "128", "-kernel", str(image), "-append", str(count), "-display", "none", "-nodefaults",
            "-serial", "stdio", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    if options.bochs:
        found["bochs"] = lambda image, count: [
            str(ROOT / "scripts" / "run_guest_bochs"), "--bochs", options.bochs, "--timeout", "600",
            str(image), str(count)]
    return found


def clock(wall):
    if wall:
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command, wall):
    """Seconds, and the result that the image printed."""
    start = clock(wall)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    seconds = clock(wall) - start
    result = RESULT.search(done.stdout)
    if not result or "1 passed, 0 failed" not in done.stdout:
        sys.exit(f"emulators.py: {' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return seconds, result.group(2)


def measure(emulators, image, count, options):
    times = {name: [] for name in emulators}
    results = {}
    for _ in range(options.rounds):
        for name, command in emulators.items():
            idle, _ = run(command(image, 0), options.wall)
            busy, results[name] = run(command(image, count), options.wall)
            times[name].append(max(busy - idle, 1e-6))
    if len(set(results.values())) != 1:
        sys.exit(f"emulators.py: {image.name}: the results differ: {results}")
    return {name: statistics.median(values) for name, values in times.items()}


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--bochs", default=os.environ.get("BOCHS"))
    parser.add_argument("--qemu", default="qemu-system-x86_64")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--without-ours", action="store_true", help="compare the others alone")
    parser.add_argument("--wall", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("workloads", nargs="*", default=[])
    options = parser.parse_args()

    emulators = commands(options)
    first = next(iter(emulators))
    head = [f"{name:>12} s" for name in emulators] + [f"{name + '/' + first:>18}"
                                                      for name in list(emulators)[1:]]
    print(f"{'workload':<10}{''.join(head)}", flush=True)
    report = {}
    for workload in options.workloads or COUNTS:
        image = options.build / "guests" / f"bench-{workload}.elf"
        count = max(1, round(COUNTS[workload] * options.scale))
        medians = measure(emulators, image, count, options)
        report[workload] = {"count": count, "seconds": medians}
        row = [f"{seconds:14.3f}" for seconds in medians.values()]
        row += [f"{medians[name] / medians[first]:18.2f}" for name in list(emulators)[1:]]
        print(f"{workload:<10}{''.join(row)}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent="\t") + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
