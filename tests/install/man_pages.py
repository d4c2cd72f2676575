#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds that the man pages have what --help has, and nothing else: man_pages.py FOLDER UNDERVISOR"""
import pathlib
import re
import sys

import command_line

FOLDER, PROGRAM = pathlib.Path(sys.argv[1]), sys.argv[2]
# Fl -name is --name.
FLAG = re.compile(r"(?<=[ ])-([a-z0-9][a-z0-9-]*)")


def items(page):
    """The options that a page explains, and all that it names."""
    explained, named = set(), set()
    for line in page.splitlines():
        if re.match(r"\.(It |Nm .*|Op )?Fl ", line) or " Fl -" in line:
            found = {"--" + name for name in FLAG.findall(line)}
            named |= found
            if line.startswith(".It "):
                explained |= found
    return explained, named


def check_page(command, pages):
    name = f"undervisor-{command}.1"
    if name not in pages:
        return [f"{name} is missing"]
    wanted = command_line.options(PROGRAM, command)
    explained, named = items(pages[name])
    problems = [f"{name}: {option} is not explained" for option in sorted(wanted - explained)
                if option != "--help"]
    problems += [f"{name}: --help is not named"] if "--help" not in named else []
    problems += [f"{name}: {option} is not in --help" for option in sorted(explained - wanted)]
    for part in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "SEE ALSO"):
        if f".Sh {part}\n" not in pages[name]:
            problems.append(f"{name} has no section {part}")
    return problems


def main():
    pages = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.1")}
    commands = command_line.commands(PROGRAM)
    problems = []
    for command in commands:
        problems += check_page(command, pages)
        if f".Xr undervisor-{command} 1" not in pages["undervisor.1"]:
            problems.append(f"undervisor.1 does not refer to undervisor-{command}(1)")
    for name, page in pages.items():
        for other in re.findall(r"^\.Xr (undervisor\S*) 1", page, re.M):
            if other + ".1" not in pages:
                problems.append(f"{name} refers to {other}(1), which is not there")
    print("\n".join(problems))
    return 1 if problems or len(commands) < 4 else 0


sys.exit(main())
