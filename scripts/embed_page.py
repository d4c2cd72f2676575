#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of "undervisor report" as C: what comes before its data, and what comes after.

usage: embed_page.py PAGE.html PAGE.css PAGE.js OUTPUT.c
"""
import pathlib
import sys


def literal(text):
    escape = {"\\": "\\\\", '"': '\\"', "\t": "\\t"}
    return "\n".join('\t"' + "".join(escape.get(c, c) for c in line) + '\\n"'
                     for line in text.splitlines()) or '\t""'


def main():
    page, css, js, output = map(pathlib.Path, sys.argv[1:])
    whole = page.read_text(encoding="utf-8")
    for path in (css, js):
        place = f"/* {path.name} */\n"
        if whole.count(place) != 1:
            sys.exit(f"{page}: not one {place!r}")
        whole = whole.replace(place, path.read_text(encoding="utf-8"))
    head, tail = whole.split("/* data */\n")
    output.write_text('#include "report.h"\n\n'
                      f"const char report_page_head[] =\n{literal(head)};\n\n"
                      f"const char report_page_tail[] =\n{literal(tail)};\n", encoding="utf-8")


main()
