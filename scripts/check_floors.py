#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the house: a file includes its own floor and floors below (docs/reading-order.md).

usage: check_floors.py SOURCE-ROOT
"""
import pathlib
import re
import sys

# Low to high. include/undervisor is what every floor may speak of.
FLOORS = ["base", "arch", "mem", "paging", "explain", "float", "vmx", "cpu", "apic", "nested", "devices", "machine"]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.M)


def floor_of(path):
    head = path.split("/")[0]
    return FLOORS.index(head) if head in FLOORS else None


def wrong_includes(root):
    for source in sorted(root.glob("src/**/*.[ch]")):
        own = floor_of(source.relative_to(root / "src").as_posix())
        if own is None:
            yield source, 0, "is in no floor of the house"
            continue
        text = source.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            target = floor_of(match.group(2))
            if match.group(1) == '"' and "/" not in match.group(2):
                yield source, line, f'"{match.group(2)}" does not name its floor'
            if target is not None and target > own:
                yield source, line, f"includes {match.group(2)}, a floor above"
    for source in sorted([*root.glob("tools/*.[ch]"), *root.glob("bench/*.c"), *root.glob("fuzz/*.c")]):
        text = source.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            if floor_of(match.group(2)) is not None:
                line = text.count("\n", 0, match.start()) + 1
                yield source, line, f"includes {match.group(2)}: public headers only"
    for header in sorted(root.glob("include/**/*.h")):
        text = header.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            if floor_of(match.group(2)) is not None:
                yield header, 0, f"public header includes {match.group(2)}"


def main():
    root = pathlib.Path(sys.argv[1])
    wrong = list(wrong_includes(root))
    for source, line, why in wrong:
        print(f"{source.relative_to(root)}:{line}: {why}")
    return 1 if wrong else 0


sys.exit(main())
