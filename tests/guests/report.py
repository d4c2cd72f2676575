#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The report about a trace of guests/tests/ept_rules.c says what the trace says.

usage: report.py UNDERVISOR IMAGE
"""
import base64
import collections
import json
import os
import pathlib
import re
import shlex
import struct
import subprocess
import sys
import tempfile

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
TYPES = {"ns": "d", "instructions": "d", "cost_ns": "d", "cost_instructions": "d", "rip": "Q",
         "guest_physical": "Q", "guest_linear": "Q", "qualification": "Q", "words": "I", "cpu": "B",
         "level": "B", "kind": "B", "reason": "B", "failed": "B"}
PROCESSOR, SHOWN, FOUND, FILLED, EMULATED = range(5)


def undervisor(*words, **options):
    return subprocess.run([*WRAPPER, sys.argv[1], *map(str, words)], timeout=120, text=True,
                          capture_output=True, **options)


def rows_of(data):
    columns = {name: [row[0] for row in struct.iter_unpack("<" + kind,
                                                           base64.b64decode(data["columns"][name]))]
               for name, kind in TYPES.items()}
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


def expected_kinds(events):
    """Who handled each exit, from the order of events of the one processor."""
    before = None
    for event in events:
        name = event["event"]
        if name == "vm-exit":
            yield event, {"l0-shown": SHOWN, "l0-emulated": FOUND}.get(before, PROCESSOR)
            before = None
        elif name in ("l0-filled", "l0-emulated"):
            yield event, FILLED if name == "l0-filled" else EMULATED
        elif name == "vm-entry":
            before = None
        if name[:3] == "l0-":
            before = name if event["level"] == 2 else None


def check_rows(events, data):
    rows, expected = rows_of(data), list(expected_kinds(events))
    if len(rows) != len(expected):
        yield f"{len(rows)} exits, not {len(expected)}"
    for row, (event, kind) in zip(rows, expected):
        seen = {"ns": row["ns"], "instructions": row["instructions"], "kind": row["kind"],
                "cpu": row["cpu"], "level": row["level"], "reason": row["reason"],
                "rip": row["rip"], "qualification": row["qualification"],
                "guest_physical": row["guest_physical"], "guest_linear": row["guest_linear"],
                "words": data["words"][row["words"]], "name": data["reasons"][str(row["reason"])],
                "failed": row["failed"]}
        reason = int(event["reason"], 16)
        wanted = {key: event[key] for key in ("ns", "instructions", "cpu", "level", "name")}
        wanted |= {key: int(event.get(key, "0"), 16) for key in
                   ("rip", "qualification", "guest_physical", "guest_linear")}
        wanted |= {"kind": kind, "words": event.get("words", ""), "reason": reason & 0xff,
                   "failed": reason >> 31}
        if seen != wanted:
            yield f"{seen}, not {wanted}"


def check_costs(events, data):
    """From each exit that L1 saw to the entry after it."""
    rows = [row for row in rows_of(data) if row["kind"] <= FOUND]
    exits = []
    for event in events:
        if event["event"] == "vm-exit":
            exits.append([event, None])
        elif event["event"] == "vm-entry" and exits and not exits[-1][1]:
            exits[-1][1] = event
    for row, (left, entered) in zip(rows, exits):
        cost = [entered[key] - left[key] if entered else -1 for key in ("ns", "instructions")]
        if [row["cost_ns"], row["cost_instructions"]] != cost:
            yield f"cost of {row}: not {cost}"


def check_html(events, html, walks):
    text = re.search(r'<script type="application/json" id="data">\n(.*)\n</script>\n<script>', html,
                     re.S)[1]
    data = json.loads(text)
    if "<" in text:
        yield "data that could end its script"
    others = collections.Counter(e["event"] for e in events
                                 if e["event"] != "vm-exit" and e["event"][:3] != "l0-")
    if data["events"] != others or data["processors"] != 1:
        yield f"{data['events']}, {data['processors']} processors: not {others}"
    yield from check_rows(events, data)
    yield from check_costs(events, data)
    exits = [event for event, _ in expected_kinds(events)]
    wanted = [[i, {"walk": e["walk"], "because": e["because"]}] for i, e in enumerate(exits)
              if "walk" in e][:walks]
    if data["walks"] != wanted or not wanted:
        yield f"{len(data['walks'])} walks, not {len(wanted)}, or others"


def expected_slices(events):
    """(processor, level, start, end, name) of each run of L1 after an exit, and of L2 after an entry."""
    last = {e["cpu"]: e["ns"] for e in events}
    running = {}
    for e in events:
        if e["event"] not in ("vm-exit", "vm-entry"):
            continue
        cpu, now, left = e["cpu"], e["ns"], e["event"] == "vm-exit"
        before = running.get(cpu)
        if before and not (left and int(e["reason"], 16) >> 31 and before[1] == 2):
            yield (*before[:3], now, before[3])
        running[cpu] = (cpu, 1, now, e["name"]) if left else (cpu, 2, now, "L2")
    for cpu, before in running.items():
        yield (*before[:3], last[cpu], before[3])


def check_chrome(events, text):
    """Slices of L1 and L2 follow each other; L0's events are instants."""
    slices = json.loads(text)["traceEvents"]
    seen = [(s["pid"], s["tid"], s["ts"], s["dur"], s["name"]) for s in slices if s["ph"] == "X"]
    wanted = [(cpu, level, start / 1000, (end - start) / 1000, name)
              for cpu, level, start, end, name in expected_slices(events)]
    if sorted(seen) != sorted(wanted):
        yield f"slices: {sorted(set(seen) ^ set(wanted))[:6]}"
    seen = [(s["pid"], s["tid"], s["ts"], s["name"]) for s in slices if s["ph"] == "i"]
    wanted = [(e["cpu"], e["level"], e["ns"] / 1000, e["name"])
              for e in events if e["event"] in ("l0-filled", "l0-emulated")]
    if seen != wanted:
        yield f"instants: {len(seen)}, not {len(wanted)}, or others"


def check_processors(folder):
    """Runs of L2 that begin or end the trace of a processor, and an entry that fails."""
    def event(cpu, ns, what, **more):
        return {"cpu": cpu, "level": 1, "instructions": ns, "ns": ns, "rip": "0x1", "event": what, **more}

    leave = {"reason": "0xa", "name": "CPUID"}
    failed = {"reason": "0x80000021", "name": "ENTRY_FAIL_GUEST"}
    events = [event(0, 100, "vm-entry"), event(1, 107, "vm-exit", **leave), event(1, 150, "vm-exit", **failed),
              event(0, 161, "vm-exit", **leave), event(0, 200, "vm-entry"), event(1, 207, "vm-entry"),
              event(2, 230, "vm-exit", **leave), event(1, 251, "vm-exit", **leave), event(2, 263, "interrupt"),
              event(0, 299, "interrupt")]
    trace = folder / "processors.jsonl"
    trace.write_text("".join(json.dumps(e) + "\n" for e in events))
    wanted = [(0, 1, 161, 200, "CPUID"), (0, 2, 100, 161, "L2"), (0, 2, 200, 299, "L2"),
              (1, 1, 107, 150, "CPUID"), (1, 1, 150, 207, "ENTRY_FAIL_GUEST"), (1, 1, 251, 251, "CPUID"),
              (1, 2, 207, 251, "L2"), (2, 1, 230, 263, "CPUID")]
    if sorted(expected_slices(events)) != wanted:
        yield f"{sorted(expected_slices(events))}, not {wanted}"
    yield from check_chrome(events, undervisor("report", trace, "--format", "chrome").stdout)


def check_trouble(folder, trace):
    """What cannot be done is said in one line, with a status; and nothing is lost."""
    (folder / "text").write_text("0 L1 17 0x7c00 mode cr0 0x11\n")
    (folder / "empty").write_text("")
    whole = trace.read_text()
    (folder / "middle").write_text(whole[:200] + "\n" + whole)
    (folder / "blank").write_text("\n\n\n")
    (folder / "piece").write_text(whole[:40])
    (folder / "tail").write_text(whole + "[1]")
    (folder / "list").write_text("[1]\n")
    lines = len(whole.splitlines())
    for words, status, message in (
            ([folder / "text"], 3, "text, line 1: not an event of a JSON trace"),
            ([folder / "middle"], 3, f"middle, line {whole[:200].count(chr(10)) + 1}: not an event"),
            ([folder / "blank"], 3, "blank: there is no event in it"),
            ([folder / "piece"], 3, "piece, line 1: not an event"),
            ([folder / "tail"], 3, f"tail, line {lines + 1}: not an event"),
            ([folder / "list"], 3, "list, line 1: not an event"),
            ([folder / "empty"], 3, "empty: there is no event in it"),
            ([folder / "none"], 3, "none: No such file or directory"),
            ([folder], 3, "Is a directory"),
            ([trace, "-o", trace], 2, "is the trace itself"),
            ([trace, "-o", "/dev/full"], 1, "cannot write /dev/full"),
            ([trace, "--format", "pdf"], 2, "give html or chrome"),
            ([trace, "--walks", "x"], 2, "--walks x is not a number"),
            ([trace, "--nothing"], 2, "no such option"), ([], 2, "no trace given"),
            ([trace, trace], 2, "give one trace")):
        kept = trace.read_bytes()
        result = undervisor("report", *words)
        if (result.returncode != status or message not in result.stderr or
                result.stderr.count("\n") != 1 or trace.read_bytes() != kept):
            yield f"report {words}: {result.returncode} {result.stderr}"


def check_cut(folder, trace):
    """The trace of a run that was killed: what is whole counts, what is cut off is said to be."""
    text = trace.read_text()
    lines = text.splitlines()
    html = folder / "cut.html"
    (folder / "cut").write_text(text[:-40])
    result = undervisor("report", folder / "cut", "-o", html)
    if (result.returncode, result.stderr) != (
            0, f"undervisor report: {folder}/cut, line {len(lines)}: cut off; left out\n"):
        yield f"the report of a trace that is cut off: {result}"
    yield from check_html([json.loads(line) for line in lines[:-1]], html.read_text(), 2000)
    (folder / "cut").write_text(text[:-1])
    result = undervisor("report", folder / "cut", "-o", html)
    if result.returncode or result.stderr:
        yield f"the report of a trace whose last line lacks its end: {result}"
    yield from check_html([json.loads(line) for line in lines], html.read_text(), 2000)


def main():
    bad, checked = [], 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for engine in ("direct", "nested"):
            trace, page = folder / f"{engine}.jsonl", folder / f"{engine}.html"
            undervisor("run", "--engine", engine, "--trace", trace, sys.argv[2],
                       stdin=subprocess.DEVNULL)
            events = [json.loads(line) for line in trace.open()]
            checked += len(events)
            result = undervisor("report", trace, "-o", page)
            if result.returncode or result.stderr or result.stdout:
                bad.append(f"report: {result}")
            bad += check_html(events, page.read_text(), 2000)
            with trace.open() as file:
                few = undervisor("report", "-", "--walks", "3", stdin=file).stdout
            bad += check_html(events, few, 3)
            bad += check_chrome(events, undervisor("report", trace, "--format", "chrome").stdout)
        bad += check_trouble(folder, trace)
        bad += check_cut(folder, trace)
        bad += check_processors(folder)
    print("\n".join(bad[:40]))
    print(f"{checked} events, {len(bad)} failures")
    return 1 if bad else 0


sys.exit(main())
