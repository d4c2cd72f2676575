#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles every header alone.

usage: check_headers.py SOURCE-ROOT COMPILER...
"""
import pathlib
import subprocess
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    compiler = sys.argv[2:]
    flags = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
             f"-I{root}/include", f"-I{root}/src", "-x", "c", "-"]
    headers = sorted([*root.glob("include/**/*.h"), *root.glob("src/**/*.h")])
    failed = 0
    for header in headers:
        # Included twice, so that its guard is proven as well.
        source = f'#include "{header}"\n' * 2
        run = subprocess.run([*compiler, *flags], input=source, capture_output=True, text=True)
        if run.returncode:
            failed += 1
            print(f"{header.relative_to(root)} does not compile alone:\n{run.stderr}")
    return 1 if failed or not headers else 0


sys.exit(main())
