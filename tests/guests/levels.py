#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The level at which a run of guests/tests/vmx.c stops: 2 from a VM entry to the next exit.

usage: levels.py UNDERVISOR IMAGE
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))


def run(*words):
    return subprocess.run([*WRAPPER, sys.argv[1], "run", *words, sys.argv[2]], timeout=120,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


def turns(events):
    """(first, last) instruction counts between a VM entry and the exit that follows it."""
    entry = None
    for event in events:
        if event["event"] == "vm-entry":
            entry = int(event["instructions"])
        elif event["event"] == "vm-exit" and entry is not None:
            yield entry, int(event["instructions"])
            entry = None


def main():
    with tempfile.TemporaryDirectory() as folder:
        trace = pathlib.Path(folder) / "trace.jsonl"
        run("--trace", str(trace))
        with trace.open() as lines:
            spans = [span for span in turns(map(json.loads, lines)) if span[1] - span[0] >= 2]
    bad = 0
    assert len(spans) >= 3, spans
    for first, last in (spans[0], spans[len(spans) // 2], spans[-1]):
        for at, level in ((first - 1, 1), (first + 1, 2), (last + 1, 1)):
            for engine in ("direct", "nested"):
                error = run("--engine", engine, "--max-instructions", str(at)).stderr
                if error.endswith(", level 2\n") != (level == 2) or "--max-instructions" not in error:
                    print(f"after {at} instructions, {engine}: not level {level}: {error}")
                    bad += 1
    print(f"{len(spans)} turns of a guest, {bad} failures")
    return 1 if bad else 0


sys.exit(main())
