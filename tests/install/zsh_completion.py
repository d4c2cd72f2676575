#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Presses Tab in zsh on a terminal: zsh_completion.py COMPLETION UNDERVISOR"""
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import struct
import sys
import tempfile
import termios
import time

import command_line

FILE, PROGRAM = sys.argv[1:3]
SETUP = """
PROMPT='READY' RPROMPT= LISTMAX=100000
bindkey -e
probe() { zle list-choices; zle -R; print -n 'LIS''TED' >/dev/tty }
zle -N probe
bindkey '^I' probe
"""
PADDING = re.compile(r"\0+")
NOISE = re.compile(r"\x1b[\[(][0-9;?]*[A-Za-z]|\x1b[=>]|\r|\x07|.\x08")


class Zsh:
    """An interactive zsh whose fpath has the completion, and undervisor on its path."""

    def __init__(self, folder):
        shutil.copy(FILE, folder / "_undervisor")
        (folder / "bin").mkdir()
        (folder / "bin" / "undervisor").symlink_to(os.path.abspath(PROGRAM))
        (folder / ".zshrc").write_text(
            f"fpath=({folder} $fpath)\npath=({folder}/bin $path)\n"
            f"autoload -Uz compinit; compinit -u -d {folder}/dump\n{SETUP}", encoding="utf-8")
        environment = dict(os.environ, ZDOTDIR=str(folder), TERM="vt100", LC_ALL="C.UTF-8")
        self.pid, self.terminal = pty.fork()
        fcntl.ioctl(self.terminal if self.pid else 0, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 2000, 300, 0, 0))
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe("zsh", ["zsh", "-d", "-i"], environment)
        self.read_until("READY")

    def read_until(self, mark, seconds=120):
        text, end = "", time.monotonic() + seconds
        while mark not in text:
            ready = select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]
            try:
                data = os.read(self.terminal, 65536) if ready else b""
            except OSError:
                data = b""
            if not data:
                sys.exit(f"zsh did not answer: no {mark!r} in {text!r}")
            text += data.decode("utf-8", "replace")
        return NOISE.sub("", PADDING.sub("\n", text))

    def complete(self, line):
        """What is on the screen after a Tab behind line."""
        os.write(self.terminal, line.encode() + b"\t")
        text = self.read_until("LISTED")
        os.write(self.terminal, b"\x15")
        return text


# Lines, and the words that are offered for each.
WORDS = {
    "undervisor ru": ["run"],
    "undervisor run --engine ": ["direct", "nested"],
    "undervisor run --serial ": ["file:", "none", "stdio"],
    "undervisor run --serial file:k": ["kernel"],
    "undervisor run --cpu -vmx,+la5": ["+la57"],
    "undervisor run --stress tlb,": ["blocks", "ept02", "single", "tlb", "vmcs12"],
    "undervisor run --stats k": ["kernel"],
    "undervisor run kernel --eng": [],
    "undervisor walk --format ": ["auto", "elf", "lime", "raw"],
    "undervisor explain --mode ": ["32", "4", "5", "none", "pae"],
    "undervisor explain ept-v": ["ept-violation"],
    "undervisor explain vmcs-field EPTP_": ["EPTP_INDEX", "EPTP_LIST_ADDRESS"],
    "undervisor demo ": [],
}


def offered(text, line):
    """The words on the screen, without the line itself and without explanations."""
    listed = [re.sub(r" -- .*", "", row) for row in text.replace("LISTED", "").split("\n")]
    return sorted(" ".join(listed).replace(line.strip(), "").split())


def main():
    if not shutil.which("zsh"):
        print("SKIP: zsh is not installed")
        return 77
    problems = []
    with tempfile.TemporaryDirectory() as name:
        zsh = Zsh(pathlib.Path(name))
        commands = command_line.commands(PROGRAM)
        for command in commands:
            line = f"undervisor {command} --"
            shown = offered(zsh.complete(line), line)
            for option in sorted(command_line.options(PROGRAM, command) - set(shown)):
                problems.append(f"{command} {option}: in --help, not completed by zsh")
        (pathlib.Path(name) / "kernel").touch()
        for line, wanted in WORDS.items():
            got = offered(zsh.complete(line), line)
            if got != wanted:
                problems.append(f"{line}: zsh offers {got}, wanted {wanted}")
    print("\n".join(problems))
    return 1 if problems or len(commands) < 4 else 0


sys.exit(main())
