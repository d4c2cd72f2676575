#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which of the specification's rules carry a test: a test names the tag of each rule it proves.

usage: tags.py [--check] [SOURCE-ROOT]

Lists the tags that no test carries. With --check only those count that tests/tags.txt says must be
carried by now, and one of them missing is a failure. A tag whose rule waits for a part not yet there
is listed as such even where a test already names it.
"""
import pathlib
import re
import sys

TAG = re.compile(r"\b(?:[TIDHMW]\d{1,2}|[A-Z]{2,5}-\d{2}|N\d{1,3}a?)\b")
RANGE = re.compile(r"\b([TIDHMWN])(\d{1,3})\.\.\1?(\d{1,3})\b")


def read_list(root):
    """tests/tags.txt: a tag, whether it is due, and what it is about."""
    due, later = {}, {}
    for line in (root / "tests" / "tags.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        tag, when, about = line.split(None, 2)
        (due if when == "due" else later)[tag] = about
    return due, later


def carried(root):
    found = {}
    sources = [*(root / "tests").rglob("*"), *(root / "guests" / "tests").glob("*")]
    for source in sorted(sources):
        if source.suffix not in {".c", ".h", ".py"}:
            continue
        text = source.read_text(encoding="utf-8")
        for match in RANGE.finditer(text):
            letter, first, last = match.group(1), int(match.group(2)), int(match.group(3))
            for number in range(first, last + 1):
                found.setdefault(f"{letter}{number}", source)
        for tag in TAG.findall(text):
            found.setdefault(tag, source)
    return found


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    check = "--check" in sys.argv[1:]
    root = pathlib.Path(arguments[0] if arguments else ".")
    due, later = read_list(root)
    found = carried(root)
    missing = [t for t in due if t not in found]
    for tag in missing:
        print(f"{tag}: not carried: {due[tag]}")
    if not check:
        for tag in later:
            where = f" (named in {found[tag].relative_to(root)})" if tag in found else ""
            print(f"{tag}: not carried yet: {later[tag]}{where}")
        print(f"{len(due) + len(later)} tags, {len(due) - len(missing)} carried")
    return 1 if check and missing else 0


sys.exit(main())
