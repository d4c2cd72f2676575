#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds that docs/ shows the examples that are compiled, and what they print.

usage: check_docs.py [--rebase] SOURCE-ROOT
"""
import pathlib
import re
import sys

BLOCK = re.compile(r"```(c?)\n(.*?)```", re.S)
# Page, and the example without its suffix.
PAGES = {
    "docs/embedding.md": "tests/walk/example",
    "docs/embedding-machine.md": "tests/machine/example",
}


def check(root, page, example, rebase):
    source = (root / (example + ".c")).read_text(encoding="utf-8")
    shown = {
        "c": source[source.index("#include"):],
        "": (root / (example + ".expected")).read_text(encoding="utf-8"),
    }
    text = (root / page).read_text(encoding="utf-8")
    right = BLOCK.sub(lambda m: f"```{m.group(1)}\n{shown[m.group(1)]}```", text)
    if rebase:
        (root / page).write_text(right, encoding="utf-8")
    elif right != text or len(BLOCK.findall(text)) != 2:
        print(f"{page} is not what is compiled: scripts/check_docs.py --rebase .")
        return False
    return True


def main():
    root = pathlib.Path([a for a in sys.argv[1:] if a != "--rebase"][0])
    rebase = "--rebase" in sys.argv
    results = [check(root, page, example, rebase) for page, example in PAGES.items()]
    return 0 if all(results) else 1


sys.exit(main())
