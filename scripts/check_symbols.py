#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds that base, arch and paging link anywhere: they need memcpy and memset and nothing else.

usage: check_symbols.py LIBUNDERVISOR.A
"""
import re
import subprocess
import sys

FREESTANDING = re.compile(r"(base|arch|paging)_[a-z_]+\.c\.o$")
ALLOWED = {"memcpy", "memset"}
# What sanitizers and coverage add is not the library's.
INSTRUMENTATION = re.compile(r"^_*(asan|ubsan|sanitizer|msan|tsan|gcov|llvm|stack_chk|sancov)")


def main():
    listing = subprocess.run(["nm", "-A", sys.argv[1]], capture_output=True, text=True, check=True)
    defined, needed = set(), {}
    members = set()
    for line in listing.stdout.splitlines():
        where, rest = line.split(":", 2)[1:] if line.count(":") > 1 else line.split(":", 1)
        fields = rest.split()
        name, kind = fields[-1], fields[-2]
        if not FREESTANDING.search(where):
            continue
        members.add(where)
        if kind in "Uw":
            needed.setdefault(name, where)
        else:
            defined.add(name)
    wrong = {n: w for n, w in needed.items()
             if n not in defined and n not in ALLOWED and not INSTRUMENTATION.match(n)
             and n != "_GLOBAL_OFFSET_TABLE_"}
    for name, where in sorted(wrong.items()):
        print(f"{where} needs {name}")
    if len(members) < 10:
        print(f"only {len(members)} object files seen in {sys.argv[1]}")
        return 1
    return 1 if wrong else 0


sys.exit(main())
