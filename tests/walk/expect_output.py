#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program and compares what it prints with a file: expect_output.py PROGRAM EXPECTED"""
import os
import shlex
import subprocess
import sys


def main():
    program, expected = sys.argv[-2:]
    wrapper = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
    got = subprocess.run([*wrapper, program], capture_output=True, text=True, timeout=60, check=True)
    want = open(expected, encoding="utf-8").read()
    if got.stdout != want:
        print(f"{program} printed:\n{got.stdout}expected:\n{want}")
        return 1
    return 0


sys.exit(main())
