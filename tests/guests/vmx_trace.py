#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Entries and exits of guests/tests/vmx.c as --trace and --stats show them.

usage: vmx_trace.py UNDERVISOR IMAGE
"""
import collections
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
EPT = ("EPT_VIOLATION", "EPT_MISCONFIG")

# What the guest does, and the words for it.
WORDS = """
EXCEPTION_OR_NMI, hardware exception 6
EXCEPTION_OR_NMI, hardware exception 14, error code 0x2: linear address 0x6fff1234238
VMREAD: displacement 0x0
CR_ACCESS: MOV to CR3
CR_ACCESS: MOV from CR3
DR_ACCESS: debug register 0x7, register 0xb (R11)
IO_INSTRUCTION: IN of 1 byte, port 0x71
IO_INSTRUCTION: OUT of 4 bytes, port 0x240
TRIPLE_FAULT
INVLPG: linear address 0x1304
ENTRY_GUEST_STATE: check 0x4 (VMCS link pointer)
VM entry with invalid control fields
VM entry with invalid host-state fields
injects hardware exception 13, error code 0x1238
injects hardware exception 6
""".strip().splitlines()


def run(*words):
    return subprocess.run([*WRAPPER, sys.argv[1], "run", *words, sys.argv[2]], timeout=120,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


def about_vmx(stats):
    return re.sub(r"^L0: .*\n(?:  .*\n)*", "", stats[stats.index("VM entries"):], flags=re.M)


def without_l0(text):
    """The lines about what L1 sees: L0's own are of what it does below."""
    return "".join(line for line in text.splitlines(True) if " l0-" not in line)


def check_l0(text, stats):
    """Each exit that L0 took is counted; those that L1 saw were shown, found, or failed entries."""
    events = [line.split(" # ")[0].split() for line in text.splitlines()
              if line[0] != " "]
    kinds = collections.Counter((event[4], event[1]) for event in events)
    counts = {title: int(n) for title, n in re.findall(r"^(L0: .*|VM \S*): (\d+)$", stats, re.M)}
    failures = sum(event[4] == "vm-exit" and int(event[6], 16) >> 31 for event in events)
    expected = {
        "L0: exits of L1": kinds["l0-emulated", "L1"],
        "L0: exits of L2 that it handled": kinds["l0-emulated", "L2"] + kinds["l0-filled", "L2"],
        "L0: exits of L2 shown to L1": kinds["l0-shown", "L2"],
        "L0: pages filled into EPT02": kinds["l0-filled", "L2"],
        "L0: exits of L2 that it found while emulating":
            kinds["vm-exit", "L2"] - kinds["l0-shown", "L2"] - failures,
    }
    for title, count in expected.items():
        if counts.get(title) != count or not count and "found" not in title:
            yield f"{title}: {counts.get(title)}, but {count} in the trace"
    if sum(kinds[kind, level] for kind, level in kinds if kind[:3] == "l0-") != sum(
            kinds[key] for key in (("l0-emulated", "L1"), ("l0-emulated", "L2"),
                                   ("l0-filled", "L2"), ("l0-shown", "L2"))):
        yield f"L0's events: {kinds}"


def check_stats(events, stats):
    """The counts are those of the trace, by reason."""
    counts = collections.Counter(f"{e['name']} ({int(e['reason'], 16) & 0xffff})"
                                 for e in events if e["event"] == "vm-exit")
    lines = [f"VM entries: {sum(e['event'] == 'vm-entry' for e in events)}",
             f"VM entries refused: {sum(e['event'] == 'vm-refused' for e in events)}",
             f"VM exits: {sum(counts.values())}",
             *(f"  {name}: {n}" for name, n in
               sorted(counts.items(), key=lambda c: int(re.search(r"\((\d+)\)", c[0])[1])))]
    if not stats.endswith("\n".join(lines) + "\n") or len(counts) < 20:
        yield f"--stats: {stats}\nnot as in the trace:\n" + "\n".join(lines)


def check_walk(event):
    """Each guest entry comes behind its own EPT walk; what refuses is of the exit's address."""
    walk, address = event["walk"], event["guest_physical"]
    guilty = [step for step in walk if step["refuses"]]
    if not guilty or any(step["guest_physical"] != address or step["entry"][:3] != "EPT"
                         for step in guilty):
        yield f"which entry refused {address}: {guilty}"
    for at, step in enumerate(walk):
        if step["entry"][:3] != "EPT" and (
                [s["entry"] for s in walk[at - 4:at]] !=
                ["EPT PML4E", "EPT PDPTE", "EPT PDE", "EPT PTE"] or
                any(s["guest_physical"] != step["guest_physical"] for s in walk[at - 4:at])):
            yield f"no EPT walk before {step}: {walk}"
    if walk[0]["entry"] != "EPT PML4E" or int(walk[0]["index"]) != 0:
        yield f"the walk begins with {walk[0]}"
    if not any(g["address"] in event["because"] for g in guilty):
        yield f"because {event['because']}: not about {guilty}"


def join_checks(events):
    """What failed a VM entry comes behind the event of it; here it becomes a part of that."""
    joined = []
    for event in events:
        if event["event"] == "vm-entry-checks":
            joined[-1]["checks"] = event["checks"]
        else:
            joined.append(event)
    return joined


def check_checks(events):
    """Failed entries, and no others, say why: the first failure leads to what happened."""
    failed = 0
    for event in events:
        if event["event"] == "vm-refused":
            leads_to = f"VMfailValid, VM-instruction error {int(event['error'], 16)}"
        elif event["event"] == "vm-exit" and int(event["reason"], 16) >> 31:
            leads_to = (f"VM-entry failure, exit reason {int(event['reason'], 16) & 0xffff}"
                        f", qualification {int(event['qualification'], 16)}")
        else:
            if "checks" in event:
                yield f"checks of {event}"
            continue
        failed += 1
        findings = event["checks"]["findings"] if "checks" in event else []
        if not findings or findings[0]["leads_to"] != leads_to:
            yield f"{leads_to}: {event}"
    if failed != 4:
        yield f"{failed} failed entries"


def check_findings(findings, lines, block):
    """Six lines a finding, and one more of memory; the value to write is there."""
    heads = [line for line in lines if line[2] != " "]
    if len(heads) != len(findings) or len(lines) != sum(6 + ("address" in f) for f in findings):
        yield f"{findings}\nare not\n{block}"
    for head, finding in zip(heads, findings):
        if not head.startswith(f"  {finding['id']}  ") or finding["value"] not in head:
            yield f"{finding} is not {head}"
        if "nearest" in finding and f"    nearest   {finding['nearest']}" not in block:
            yield f"no nearest value of {finding} in {block}"


def check_said(stderr):
    """On standard error the first failure is told, and no other."""
    said = re.findall(r"^undervisor run: a VM entry failed, .*\n((?:  .*\n)+)", stderr, re.M)
    if len(said) != 1 or "CTL-01  PIN_BASED_CONTROLS (4000H) = 0x0" not in said[0]:
        yield f"on standard error: {stderr}"


def check_text(events, text):
    """The same events; behind those with a walk as many lines as it has entries, and one more."""
    blocks = re.findall(r"^(?! ).*\n(?:  .*\n)*", text, re.M)
    if len(blocks) != len(events):
        yield f"{len(blocks)} events as text, {len(events)} in JSON"
    for event, block in zip(events, blocks):
        lines = block.splitlines()
        if "checks" in event:
            yield from check_findings(event["checks"]["findings"], lines[1:], block)
            continue
        walk = event.get("walk", [])
        if f" {event['event']} " not in lines[0] or event.get("words", "") not in lines[0]:
            yield f"{lines[0]} is not {event}"
        if len(lines) != 1 + len(walk) + bool(walk):
            yield f"{len(walk)} entries: {block}"
        for line, step in zip(lines[1:], walk):
            if (line[2] == "!") != step["refuses"] or step["address"] not in line:
                yield f"{line} is not {step}"


def main():
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        stats = run("--engine", "direct", "--stats", "--trace", str(path / "t.jsonl")).stderr
        hashes = {run("--engine", "direct", "--trace-hash", *words).stderr for words in
                  ([], ["--trace", str(path / "t.txt")], ["--stress", "tlb"])}
        nested = run("--engine", "nested", "--stats", "--trace", str(path / "n.txt")).stderr
        l1_sees = without_l0((path / "n.txt").read_text())
        if l1_sees != (path / "t.txt").read_text():
            bad.append("the nested engine's trace differs")
        bad += check_l0((path / "n.txt").read_text(), nested)
        quiet = run("--no-doctor", "--trace", str(path / "d.txt")).stderr
        if "VM entry" in quiet:
            bad.append(f"in spite of --no-doctor: {quiet}")
        if (path / "d.txt").read_text() != (path / "n.txt").read_text():
            bad.append("nested is not the default engine")
        if about_vmx(nested) != about_vmx(stats):
            bad.append(f"the nested engine's counts: {about_vmx(nested)}")
        events = join_checks(json.loads(line) for line in (path / "t.jsonl").open())
        text = (path / "t.txt").read_text()
    seen = {event.get("words") for event in events}
    bad += [f"no event is: {words}" for words in WORDS if words not in seen]
    bad += check_stats(events, stats)
    bad += check_checks(events)
    bad += check_said(stats)
    faults = [e for e in events if e["event"] == "vm-exit" and e["name"] in EPT]
    if len(faults) < 10 or [e for e in events if "walk" in e] != faults:
        bad.append(f"{len(faults)} EPT faults, but walks of others, or not of all")
    for event in faults:
        bad += check_walk(event)
    bad += check_text(events, text)
    if len(hashes) != 1:
        bad.append(f"trace hashes: {hashes}")
    print("\n".join(bad))
    print(f"{len(events)} events, {len(faults)} walks, {len(bad)} failures")
    return 1 if bad else 0


sys.exit(main())
