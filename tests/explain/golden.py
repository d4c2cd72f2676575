#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what `undervisor explain` prints with the files in golden/.

Usage: golden.py [--rebase] UNDERVISOR
"""

import difflib
import json
import os
import pathlib
import shlex
import subprocess
import sys

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"

VALUES = """
ept-violation 0xab
ept-violation 0x83
ept-violation 0x181
ept-violation 0x1aa
ept-violation 0x581
ept-violation 581H
ept-violation 0x181 --cap 0
ept-violation 0x1c4 --mbec
ept-violation 0x1
ept-violation 0x84
ept-violation 0x107
ept-violation 0xffffffffffffffff --mbec --sss
page-fault 0x15
page-fault 2
page-fault 0x27
page-fault 0xd0000009
npf 0x200000007
npf 0x100000004
npf 0x300000000
exit-qualification 0x30 --reason CR_ACCESS
exit-qualification 0x203 --reason 28
exit-qualification 0x14 --reason 29
exit-qualification 0x800038 --reason 30
exit-qualification 0xc0000028 --reason 9
exit-qualification 0x1020 --reason 44
exit-qualification 0x4001 --reason 0 --vector 1
exit-qualification 0xdeadbeef --reason 0
exit-qualification 0x800 --reason SPP_EVENT
exit-qualification 0x20 --reason vmread
exit-qualification 0xab --reason ept-violation
exit-qualification 4 --reason 33
exit-reason 48
exit-reason EPT_MISCONFIG
exit-reason 0x80000021
exit-reason 0x0c00001e
exit-reason 35
vmcs-field 0x6400
vmcs-field EXIT_QUALIFICATION
vmcs-field 0x201b
vmcs-field 2804H
vmcs-field 0x203c
vmcs-field 0x6401
vmcs-field 0x11000
msr 0x48c
msr 0x12345678
msr IA32_VMX_EPT_VPID_CAP 0xf0106734141
msr 0x480 0xda040000000004
msr 0x481 0x7f00000016
msr 0x48e 0xfff9fffe0401e172
msr 0x48b 0x57fbfff00000000
msr 0x485 0x7004c1e7
msr 0x486 0x80000021
msr 0x492 0x92
msr pat 0x0007040600070406
msr pkrs 0x5
msr lstar 0x800000000000
msr 0x3a 5 1
eptp 0x1234505e --maxphyaddr 39
eptp 0x8000001234505f
eptp 0x12345066 --cap 0x4040
ept-entry 0x80000000000000b7 --level 2 --ad
ept-entry 0x6000000012345c37 --level 1 --ad --mbec --spp --ve --sss --paging-write --verification
ept-entry 0x12345007 --level 4
ept-entry 0x2 --level 1
ept-entry 0x10b7 --level 2
ept-entry 0x87 --level 3 --cap 0x4040
ept-entry 0x400 --level 3
ept-entry 0 --level 3
pte 0x8000000000000867 --level 1
pte 0x8000000000000867 --level 1 --no-nxe --keys
pte 0x1e3 --level 2 --mode 32
pte 0x1fe1e3 --level 2 --mode 32 --maxphyaddr 36
pte 0x12345003 --level 3 --mode pae
pte 0x12345067 --level 5 --mode 5
pte 0xfffffffe --level 2
cr0 0x80050033
cr0 0x80000001
cr0 0x180001011
cr3 0x8000000012345001 --pcid
cr3 0x12345020 --mode pae
cr4 0x3726e0
efer 0xd01
"""

ERRORS = """

nonsense 1
page-fault
page-fault 0x1ffffffff
page-fault 12z
ept-violation 0x1ffffffffffffffff
exit-reason 10000000000000000H
msr 18446744073709551616 1
page-fault 1z 2z
page-fault --frobnicate 1
page-fault 1 --level 2
ept-entry 1
ept-entry 1 --level 6
ept-entry 1 --level
pte 1 --level 3 --mode 32
pte 0x100000000 --level 1 --mode 32
pte 1 --level 1 --mode 64
exit-qualification 1
exit-qualification 1 --reason 35
exit-qualification 1 --reason FOO
vmcs-field NO_SUCH_FIELD
msr 0x100000000 1
msr 0x480 x
eptp 1 --maxphyaddr 53
--list frobs
"""

STREAMS = [
    ("ept-violation -", "0xab\n\n  83H\n", 0),
    ("msr -", "0x3a 5\nefer 0xd01\n0x48c\n", 0),
    ("msr efer -", "0xd01\n0x500\n", 0),
    ("page-fault -", "1\nfoo\n2\n", 2),
    ("page-fault -", "1 2\n", 2),
    ("page-fault - 4", "foo\n1\n0x100000000\n1 2\n2\n", 2),
    ("msr -", "nonsense\nefer 0x1ffffffffffffffff\n0x3a 5\n", 2),
]

BAD_LINES = {"foo", "1 2", "0x100000000", "nonsense", "efer 0x1ffffffffffffffff"}

LISTS = ["vmcs-fields", "exit-reasons", "msrs", "controls"]


def run(exe, arguments, stdin=""):
    # A cross build's programs run under what Meson names, user-mode emulation for example.
    wrapper = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
    return subprocess.run([*wrapper, exe, "explain", *arguments], input=stdin, text=True,
                          capture_output=True, timeout=60)


def show(command, result, stdin=""):
    text = f"$ undervisor explain {command}\n"
    text += "".join(f"< {line}\n" for line in stdin.splitlines())
    text += result.stdout
    text += "".join(f"! {line}\n" for line in result.stderr.splitlines())
    if result.returncode:
        text += f"status {result.returncode}\n"
    return text


def check(condition, message):
    if not condition:
        raise SystemExit(f"golden.py: {message}")


def check_error(command, result, status=2, nr_lines=1):
    check(result.returncode == status, f"{command}: status {result.returncode}")
    lines = result.stderr.splitlines()
    check(len(lines) == nr_lines and all(l.startswith("undervisor explain: ") for l in lines),
          f"{command}: not {nr_lines} lines of error: {lines}")


def check_object(command, line):
    """Every bit exactly once, and the rows make up the value."""
    item = json.loads(line)
    value, position = 0, 0
    check(item["kind"] == command.split()[0], f"{command}: kind")
    for row in item["bits"]:
        high = row.get("high", row["bit"])
        bits = int(row["value"], 16) if "high" in row else int(row["set"])
        check(row["bit"] == position, f"{command}: bit {position} is missing or double")
        check(row["set"] == (bits != 0), f"{command}: bit {position} set")
        check(row["name"] and isinstance(row["meaning"], str), f"{command}: words")
        check(row["class"] in ("defined", "reserved", "undefined", "ignored", "violated"),
              f"{command}: class")
        value |= bits << row["bit"]
        position = high + 1
    check(position == item["width"] and value == int(item["value"], 16), f"{command}: value")
    check(all(isinstance(text, str) and text for text in item["implies"]), f"{command}: implies")


def outputs(exe):
    text, as_json = "", ""
    for command in VALUES.strip().splitlines():
        result = run(exe, command.split())
        check(result.returncode == 0 and not result.stderr, f"{command}: {result.stderr}")
        text += show(command, result)
        result = run(exe, command.split() + ["--json"])
        check(result.returncode == 0 and result.stdout, f"{command} --json: {result.stderr}")
        for line in result.stdout.splitlines():
            check_object(command, line)
        as_json += show(command + " --json", result)
    yield "text.txt", text
    yield "json.txt", as_json

    text = ""
    for command in ERRORS.splitlines()[1:]:
        result = run(exe, command.split())
        check_error(command, result)
        check(not result.stdout, f"{command}: output beside the error")
        text += show(command, result)
    yield "errors.txt", text

    text = ""
    for command, stdin, status in STREAMS:
        result = run(exe, command.split(), stdin)
        if status:
            bad = [line for line in stdin.splitlines() if line in BAD_LINES]
            check_error(command, result, status, len(bad))
            answers = result.stdout.count("\n\n")
            good = len(stdin.splitlines()) - len(bad) + len(command.split()) - 2
            check(answers == good, f"{command}: {answers} answers, {good} good values")
        else:
            check(result.returncode == 0, f"{command}: {result.stderr}")
        text += show(command, result, stdin)
    yield "streams.txt", text

    text = show("--help", run(exe, ["--help"]))
    for name in LISTS:
        result = run(exe, ["--list", name])
        rows = [json.loads(line)
                for line in run(exe, ["--list", name, "--json"]).stdout.splitlines()]
        check(len(rows) == len(result.stdout.splitlines()), f"--list {name}: lengths differ")
        text += show("--list " + name, result)
    yield "lists.txt", text


def main():
    arguments = sys.argv[1:]
    rebase = "--rebase" in arguments
    arguments = [a for a in arguments if a != "--rebase"]
    if len(arguments) != 1:
        raise SystemExit(__doc__.strip())
    failed = False
    for name, actual in outputs(arguments[0]):
        path = GOLDEN / name
        if rebase:
            GOLDEN.mkdir(exist_ok=True)
            path.write_text(actual)
            continue
        expected = path.read_text() if path.exists() else ""
        if actual != expected:
            failed = True
            sys.stdout.writelines(difflib.unified_diff(
                expected.splitlines(keepends=True), actual.splitlines(keepends=True),
                f"golden/{name}", "actual"))
    if failed:
        raise SystemExit("golden.py: output has changed; if it should, run golden.py --rebase")


if __name__ == "__main__":
    main()
