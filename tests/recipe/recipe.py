#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""recipe.py UNDERVISOR COMPILER...: docs/recipes.md, "A hypervisor of your own", pasted into a shell.

Each piece must print what stands behind it, and the image run the same on both engines.
"""

import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "recipes.md"
TIMEOUT = 100


def pieces():
    """(script, what it prints, or None): three of them, the last for gdb."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.search(r"^## A hypervisor of your own$(.*?)(?=^## |\Z)", text, re.M | re.S)[1]
    found = re.findall(r"^```sh\n(.*?)^```$(?:\n\n^```\n(.*?)^```$)?", section, re.M | re.S)
    assert [bool(output) for _, output in found] == [True, True, False], "three pieces, the last without an output"
    return found


class Shell:
    """A folder like that of the source after make, whose gcc is the compiler of this build."""

    def __init__(self, folder, tool, compiler):
        self.folder = folder
        os.makedirs(os.path.join(folder, "build", "tools"))
        os.symlink(tool, os.path.join(folder, "build", "tools", "undervisor"))
        os.makedirs(os.path.join(folder, "bin"))
        gcc = os.path.join(folder, "bin", "gcc")
        with open(gcc, "w", encoding="utf-8") as file:
            # Clang may call a gcc itself, to link.
            file.write(f'#!/bin/sh\nPATH={shlex.quote(os.environ["PATH"])} exec {shlex.join(compiler)} "$@"\n')
        os.chmod(gcc, 0o755)
        self.environment = dict(os.environ, PATH=f"{os.path.dirname(gcc)}:{os.environ['PATH']}")

    def paste(self, script):
        with subprocess.Popen(["sh"], cwd=self.folder, env=self.environment, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              start_new_session=True) as shell:
            try:
                out, err = shell.communicate(script, timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                os.killpg(shell.pid, signal.SIGKILL)
                out, err = shell.communicate()
                err += f"not done in {TIMEOUT} seconds\n"
        return subprocess.CompletedProcess(script, shell.returncode, out, err)


def expect(what, is_right, done):
    if not is_right:
        sys.exit(f"FAILED: {what}: status {done.returncode}\n{done.stdout}{done.stderr}")
    print(f"ok: {what}", flush=True)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return str(sock.getsockname()[1])


def normal(text):
    """How many checks there are is no part of the recipe."""
    return re.sub(r"of \d+ checks", "of N checks", text)


def main():
    tool, compiler = os.path.abspath(sys.argv[1]), sys.argv[2:]
    (first, first_output), (second, second_output), (gdb, _) = pieces()
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(folder, tool, compiler)
        done = shell.paste(first)
        expect("a hypervisor and its guest", (done.returncode, done.stdout) == (0, first_output), done)
        expect("no warning", done.stderr.count("\n") == 1 and "powered off at RIP" in done.stderr, done)
        # The shell of the reader goes on where it was: in that folder, with those flags.
        again = re.search(r"^cd .*\n", first, re.M)[0] + "".join(re.findall(r"^flags=.*\n", first, re.M))
        for engine in ("nested", "direct"):
            done = shell.paste(first.replace("undervisor run", f"undervisor run --engine {engine} --stats"))
            expect(f"the same by --engine {engine}", (done.returncode, done.stdout) == (0, first_output), done)
            expect(f"it was --engine {engine}", re.search(r"^VM entries: [1-9]", done.stderr, re.M) and
                   ("\nL0: merges of vmcs02: " in done.stderr) == (engine == "nested"), done)
        done = shell.paste(again + second)
        expect("the doctor", (done.returncode, normal(done.stdout)) == (1, normal(second_output)), done)
        reason = "".join("  " + line + "\n" for line in second_output.splitlines()[:-1])
        expect("why the entry failed, by the run itself", "a VM entry failed" in done.stderr and reason in done.stderr, done)
        if shutil.which("gdb"):
            done = shell.paste(again + gdb.replace("1234", free_port()) + "wait $!\n")
            expect("gdb behind a VM exit", done.returncode == 0 and
                   re.search(r"^4402  EXIT_REASON +0xa$", done.stdout + done.stderr, re.M) and
                   re.search(r"Thread 1 \(L1, VMCS 0x[0-9a-f]+, 32-bit protected mode\)", done.stdout), done)


main()
