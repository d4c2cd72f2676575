#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds that docs/embedding.md shows the example that is compiled, and what it prints.

usage: check_docs.py [--rebase] SOURCE-ROOT
"""
import pathlib
import re
import sys

BLOCK = re.compile(r"```(c?)\n(.*?)```", re.S)


def main():
    root = pathlib.Path([a for a in sys.argv[1:] if a != "--rebase"][0])
    page = root / "docs" / "embedding.md"
    source = (root / "tests/walk/example.c").read_text(encoding="utf-8")
    shown = {
        "c": source[source.index("#include"):],
        "": (root / "tests/walk/example.expected").read_text(encoding="utf-8"),
    }
    text = page.read_text(encoding="utf-8")
    right = BLOCK.sub(lambda m: f"```{m.group(1)}\n{shown[m.group(1)]}```", text)
    if "--rebase" in sys.argv:
        page.write_text(right, encoding="utf-8")
    elif right != text or len(BLOCK.findall(text)) != 2:
        print("docs/embedding.md is not what is compiled: scripts/check_docs.py --rebase .")
        return 1
    return 0


sys.exit(main())
