#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds that every check of the specification is made, or that docs/vm-entry.md says why it is not.

usage: ids.py SOURCE-ROOT
"""
import pathlib
import re
import sys

# The specification numbers its checks from 1 in each family.
FAMILIES = {
    "BASIC": 8, "SMM": 4, "CTL": 9, "EXEC": 43, "EXIT": 6, "ENTRY": 6, "INJ": 11, "HOST": 30,
    "GCR": 8, "GDR": 1, "GMSR": 16, "SEG": 25, "TR": 6, "LDTR": 4, "DT": 2, "RIP": 2, "RFL": 3,
    "SSP": 2, "ACT": 5, "INTR": 11, "DBG": 4, "LINK": 5, "PDPTE": 2, "MSRL": 6,
}
ROW = re.compile(r'^\tX\(\w+, "([A-Z]+-\d\d)"', re.M)
LEFT_OUT = re.compile(r"^\| ([A-Z]+-\d\d)(?: to ([A-Z]+-\d\d))? \| .+ \|$", re.M)


def left_out(text):
    for first, last in LEFT_OUT.findall(text):
        family, start = first.split("-")
        for number in range(int(start), int((last or first).split("-")[1]) + 1):
            yield f"{family}-{number:02}"


def main():
    root = pathlib.Path(sys.argv[1])
    rows = ROW.findall((root / "src/vmx/check_rows.h").read_text(encoding="utf-8"))
    out = list(left_out((root / "docs/vm-entry.md").read_text(encoding="utf-8")))
    wanted = [f"{f}-{n:02}" for f, last in FAMILIES.items() for n in range(1, last + 1)]
    wrong = [f"{i}: neither a row nor in docs/vm-entry.md" for i in wanted if i not in rows + out]
    wrong += [f"{i}: twice" for i in set(rows + out) if (rows + out).count(i) > 1]
    wrong += [f"{i}: not of the specification" for i in rows + out if i not in wanted]
    print("\n".join(wrong) or f"{len(rows)} checks, {len(out)} left out")
    return 1 if wrong else 0


sys.exit(main())
