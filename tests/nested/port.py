#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds that docs/nested.md lists all functions and fields that L0 uses of the processor below it, and no others.

usage: port.py LIBUNDERVISOR.A docs/nested.md
"""
import pathlib
import re
import subprocess
import sys

OURS = re.compile(r"(cpu|vmx|mem|udv|paging|apic|blocks?)_[a-z0-9_]+")
MEMBER = re.compile(r"nested_[a-z0-9]+\.c\.o$")
# vmx->left, cpu->vmx.left, n->cpu->mode
FIELD = re.compile(r"\b(?:vmx(?:\.|->)|(cpu)->)(?!vmx\b)(\w+)")
HOOKS = re.compile(r"void \(\*(\w+)\)\(void \*opaque")


def used(library):
    listing = subprocess.run(["nm", "-A", "-u", library], capture_output=True, text=True, check=True)
    names, members = set(), set()
    for line in listing.stdout.splitlines():
        where, name = line.rsplit(":", 1)[0].split(":")[1], line.split()[-1]
        if MEMBER.search(where):
            members.add(where)
            if OURS.fullmatch(name):
                names.add(name)
    return names, members


def main():
    library, document = sys.argv[1], pathlib.Path(sys.argv[2])
    text = document.read_text(encoding="utf-8")
    section = text.split("## What a port to hardware needs\n", 1)[1].split("\n## ", 1)[0]
    parts = section.split("\nFields that go between", 1)
    cells, cells_of_fields = (" ".join(line.split("|")[1] for line in part.splitlines() if line.startswith("| "))
                              for part in parts)
    named = set(re.findall(r"`([a-z0-9_]+)`", cells))
    sources = "".join(path.read_text(encoding="utf-8") for path in
                      sorted((document.parent.parent / "src" / "nested").glob("*.[ch]")))
    fields = {("cpu." if of_cpu else "") + field for of_cpu, field in FIELD.findall(sources)}
    listed_first = set(re.findall(r"`(?:cpu_vmx|vmx)?\.([a-z0-9_]+)`", cells))
    listed = set(re.findall(r"`((?:cpu\.)?[a-z0-9_]+)`", cells_of_fields))
    names, members = used(library)
    header = document.parent.parent / "src" / "cpu" / "cpu.h"
    struct = header.read_text(encoding="utf-8").split("struct cpu_hypervisor {", 1)[1].split("};", 1)[0]
    wanted = names | set(HOOKS.findall(struct))
    problems = [f"{name} is used, but not in the list" for name in sorted(wanted - named)]
    problems += [f"{name} is in the list, but not used" for name in sorted(named - wanted)
                 if name not in ("hosted", "level1")]
    problems += [f"field {name} is used, but not in the list" for name in sorted(fields - listed_first - listed)]
    problems += [f"field {name} is in the list, but not used" for name in sorted(listed - fields)]
    if len(fields) < 20:
        problems.append(f"only the fields {sorted(fields)} found")
    if len(members) < 5 or len(names) < 15 or len(wanted - names) < 5:
        problems.append(f"only {sorted(members)} with {sorted(wanted)} found")
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
