#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""demo.py UNDERVISOR: the demo's table, from a run of its image on both engines.

What it must show is written here once more, by the SDM's table "Exit Qualification for EPT
Violations": bit by bit, not as a number.
"""
import collections
import json
import os
import re
import shlex
import subprocess
import sys

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
WIDTH = 100
READ, WRITE, READABLE, EXECUTABLE, LINEAR, FINAL, WRITABLE_PAGE = (1 << n for n in (0, 1, 3, 5, 7, 8, 10))
# Of each fault, and what advanced information adds.
BITS = {
    1: (READ | LINEAR | FINAL, WRITABLE_PAGE),
    2: (READ | WRITE | LINEAR, 0),
    3: (WRITE | READABLE | EXECUTABLE | LINEAR | FINAL, WRITABLE_PAGE),
    4: (READ | WRITE | READABLE | EXECUTABLE | LINEAR, 0),
}
PATHS = {
    ("nested", "OUTS"): "L0, emulating IO_INSTRUCTION (30)",
    ("nested", "INS"): "L0, emulating IO_INSTRUCTION (30)",
    ("nested", "LODS"): "vmcs02's EPT_VIOLATION (48)",
    ("nested", "STOS"): "vmcs02's EPT_VIOLATION (48)",
}
# Where in its page the byte is that is refused.
OFFSETS = {"one byte": 0x948, "first of two pages": 0xffd, "second of two pages": 0, "fifth of REP": 0xfff}
SUFFIX = {"one byte": ("", "B"), "first of two pages": ("", "D"), "second of two pages": ("", "D"),
          "fifth of REP": ("REP ", "B")}


def run(*words):
    return subprocess.run([*WRAPPER, sys.argv[1], "demo", *words], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120)


def check_text(words, lines):
    """Clean, narrow, and every line of the table with all of its exits."""
    done = run(*words)
    if done.returncode or done.stderr:
        yield f"{words}: status {done.returncode}, {done.stderr}"
    for line in done.stdout.splitlines():
        if len(line) > WIDTH or not re.fullmatch(r"[ -~]*", line):
            yield f"{words}: {len(line)} columns: {line!r}"
    rows = re.findall(r"^   (\S+) +(.*\(\d+\)) +(yes|no) +(0x\w+) +(0x\w+) +(0x\w+) +32 of 32$",
                      done.stdout, re.M)
    expected = []
    for fault, (bits, more) in BITS.items():
        for io in (True, False):
            name = ("INSB" if io else "STOSB") if fault == 3 else ("OUTSB" if io else "LODSB")
            for advanced in ("no", "yes"):
                value = f"{bits | (more if advanced == 'yes' else 0):#05x}"
                expected.append((name, PATHS["nested", name[:-1]], advanced, value, value, value))
    if rows != expected:
        yield f"{words}: the table is {rows}"
    whys = {int(value, 16) for value in re.findall(r"^   why (0x\w+):$", done.stdout, re.M)}
    if whys != {bits | more for bits, more in BITS.values()}:
        yield f"{words}: explained is {whys}"
    for name in ("read", "write"):
        if not re.search(rf"^     bit .*data {name}: ", done.stdout, re.M):
            yield f"{words}: nothing says why a data {name}"
    if len(done.stdout.splitlines()) != lines:
        yield f"{words}: {len(done.stdout.splitlines())} lines, not {lines}"


def check_exit(one):
    bits, more = BITS[one["fault"]]
    prefix, suffix = SUFFIX[one["form"]]
    base = one["instruction"].removeprefix(prefix).removesuffix(suffix)
    size = 4 if one["paging"] == "32-bit" else 8
    gpa, gla = int(one["guest_physical"], 16), int(one["guest_linear"], 16)
    second = one["form"] == "second of two pages"
    wanted = {
        "right": True,
        "expected": hex(bits | (more if one["advanced"] else 0)),
        "qualification": one["expected"],
        "path": PATHS.get((one["engine"], base), "the processor"),
        "instruction": prefix + base + suffix,
    }
    for name, value in wanted.items():
        if one[name] != value:
            yield f"{name} is not {value}: {one}"
    # The guest's entry is the last one of its table, or the first of the next.
    offset = OFFSETS[one["form"]] if bits & FINAL else 0 if second else 0x1000 - size
    if gpa & 0xfff != offset or gla & 0xfff != OFFSETS[one["form"]] or gla >> 31 == 0:
        yield f"addresses: {one}"


def check_json():
    done = run("--json")
    exits = json.loads(done.stdout)
    if done.returncode or done.stderr:
        yield f"--json: status {done.returncode}, {done.stderr}"
    for one in exits:
        yield from check_exit(one)
    names = ("fault", "instruction", "engine", "paging", "form", "advanced")
    if len({tuple(one[name] for name in names) for one in exits}) != 512 or len(exits) != 512:
        yield f"--json: {len(exits)} exits"
    # The engines tell L1 the same, of each.
    sides = collections.defaultdict(dict)
    for one in exits:
        key = tuple(one[name] for name in names if name != "engine")
        sides[key][one["engine"]] = [one[name] for name in
                                     ("qualification", "guest_physical", "guest_linear")]
    yield from (f"{key}: {both}" for key, both in sides.items() if both["direct"] != both["nested"])


def main():
    problems = [*check_text([], 71), *check_text(["--all"], 71 + 256), *check_json()]
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
