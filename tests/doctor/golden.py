#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what `undervisor doctor` prints with the files in golden/, and its status.

Usage: golden.py [--rebase] UNDERVISOR
"""
import difflib
import json
import os
import pathlib
import shlex
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REVISION = 0x756E6476
# The name of a golden file, the arguments, the status. Files are looked for in inputs/ and among
# those that images() makes.
CASES = [
    ("valid", "valid.txt", 0),
    ("broken", "broken.txt", 1),
    ("broken-json", "broken.txt --json", 1),
    ("many", "many.txt --memory memory.raw --base 0x7000", 1),
    ("many-no-memory", "many.txt --set vmcs_pointer=0", 1),
    ("many-32-bit-host", "valid.txt --set efer=0", 1),
    ("kvm", "kvm.log --processor skylake-x", 1),
    ("kvm-msrs", "kvm.log --msrs capabilities.txt --set efer=0xd01", 1),
    ("kvm-json", "kvm.log --processor broadwell --json", 1),
    ("sandy-bridge", "many.txt --processor sandy-bridge", 1),
    ("narrow", "many.txt --cpu maxphyaddr=36", 1),
    ("region", "image.raw --at 0x3000", 1),
    ("region-lime", "image.lime --at 0x103000 --json", 1),
    ("help", "--help", 0),
]
# Each is one line on standard error, all of them in golden/errors.txt.
ERRORS = [
    ("", 2),
    ("valid.txt broken.txt", 2),
    ("--frobnicate", 2),
    ("valid.txt --processor", 2),
    ("valid.txt --processor pentium", 2),
    ("valid.txt --cpu +frob", 2),
    ("valid.txt --cpu +vmx --processor broadwell", 2),
    ("valid.txt --at x", 2),
    ("valid.txt --set frob=1", 2),
    ("valid.txt --set GUEST_CR0=1", 2),
    ("valid.txt --set maxphyaddr=64", 2),
    ("valid.txt --set sgx=2", 2),
    ("valid.txt --format tar", 2),
    ("image.raw --at 0x3000 --memory image.raw", 2),
    ("nothing.txt", 3),
    ("empty.txt", 3),
    ("noise.txt", 3),
    ("twice.txt", 3),
    ("wide.txt", 3),
    ("long.txt", 3),
    ("hole.txt", 3),
    ("image.raw --at 0x2000", 3),
    ("image.raw --at 0xfffffffffffff000", 3),
    ("valid.txt --memory empty.txt", 3),
    ("valid.txt --msrs valid.txt", 3),
    ("valid.txt --msrs nothing.txt", 3),
    ("image.lime", 3),
]


def fields(undervisor):
    listed = subprocess.run([*undervisor, "explain", "--list", "vmcs-fields"],
                            capture_output=True, check=True, text=True).stdout
    return [line.split()[1] for line in listed.splitlines()]


def region(undervisor, text):
    """A VMCS as docs/vm-entry.md lays it out."""
    values = dict(line.split("#")[0].split(" = ") for line in text.splitlines() if " = " in line)
    values["HOST_TR_SELECTOR"] = values.pop("0xc0c")
    values["VMCS_LINK_POINTER"] = "0xffffffffffffffff"
    words = [int(values.get(name, "0"), 0) for name in fields(undervisor)]
    return (struct.pack("<IIII", REVISION, 0, 0, 0) +
            struct.pack(f"<{len(words)}Q", *words)).ljust(4096, b"\0")


def make_inputs(undervisor, into):
    for path in (HERE / "inputs").iterdir():
        (into / path.name).write_bytes(path.read_bytes())
    image = bytes(0x3000) + region(undervisor, (HERE / "inputs/broken.txt").read_text())
    (into / "image.raw").write_bytes(image)
    (into / "image.lime").write_bytes(struct.pack("<IIQQQ", 0x4C694D45, 1, 0x100000,
                                                  0x100000 + len(image) - 1, 0) + image)
    # The MSR list of many.txt: one entry that may be loaded, and GS base.
    msrs = struct.pack("<IIQIIQ", 0x174, 0, 8, 0xC0000101, 0, 1)
    (into / "memory.raw").write_bytes(msrs.ljust(4096, b"\0"))
    (into / "empty.txt").write_bytes(b"")
    (into / "noise.txt").write_bytes(bytes(range(256)))
    (into / "twice.txt").write_text("GUEST_CR0 = 1\n\nGUEST_CR0 = 2\n")
    (into / "wide.txt").write_text("VPID = 65536\n")
    (into / "long.txt").write_text("A" * 5000 + " = 1\n")
    (into / "hole.txt").write_text("0x6fff = 1\n")


def run(undervisor, arguments, where):
    return subprocess.run([*undervisor, "doctor"] + shlex.split(arguments), capture_output=True,
                          text=True, errors="replace", cwd=where, check=False,
                          stdin=subprocess.DEVNULL)


def compare(name, text, rebase):
    path = HERE / "golden" / (name + ".txt")
    if rebase:
        path.write_text(text, encoding="utf-8")
        return True
    wanted = path.read_text(encoding="utf-8") if path.exists() else ""
    sys.stdout.writelines(difflib.unified_diff(wanted.splitlines(True), text.splitlines(True),
                                               str(path), "now"))
    return wanted == text


def main():
    rebase = "--rebase" in sys.argv
    undervisor = [*shlex.split(os.environ.get("MESON_EXE_WRAPPER", "")),
                  os.path.abspath(sys.argv[-1])]
    fine = True
    with tempfile.TemporaryDirectory() as name:
        where = pathlib.Path(name)
        make_inputs(undervisor, where)
        for golden, arguments, status in CASES:
            done = run(undervisor, arguments, where)
            if done.returncode != status or done.stderr:
                print(f"{arguments}: status {done.returncode}, {done.stderr}")
                fine = False
            if "--json" in arguments:
                json.loads(done.stdout)
            fine &= compare(golden, f"$ undervisor doctor {arguments}\n{done.stdout}", rebase)
        text = ""
        for arguments, status in ERRORS:
            done = run(undervisor, arguments, where)
            if done.returncode != status or done.stdout or done.stderr.count("\n") != 1:
                print(f"{arguments}: status {done.returncode}, {done.stderr}")
                fine = False
            text += f"$ undervisor doctor {arguments}\n{done.stderr}"
        fine &= compare("errors", text, rebase)
    return 0 if fine else 1


sys.exit(main())
