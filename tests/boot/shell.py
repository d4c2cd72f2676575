# SPDX-License-Identifier: MIT
"""A session at the shell of a booted kernel, typed at a terminal: commands, exact answers, power-off."""

import os
import pty
import re
import select
import subprocess
import tempfile
import termios
import time

PROMPT = re.compile(r"[/~] # \Z")
# The shell asks where the cursor is, and clears what is behind it; nobody has to answer.
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

CAT = "echo ready; cat"

# Typed in this order, with the lines that come back.
SESSION = [
    ("echo $((6 * 7))", ["42"]),
    ("nproc", ["{cpus}"]),
    ("seq 1 100 | md5sum", ["{md5}  -"]),
    ("i=0; while [ $i -lt 500 ]; do i=$((i + 1)); done; echo $i", ["500"]),
    ("echo one two > /tmp/file; wc -c < /tmp/file", ["8"]),
    ("ech\x7fho removed", ["removed"]),
    ("false; echo $?", ["1"]),
    (CAT, ["ready", "again", "again", "^C"]),
    ("tty", ["/dev/ttyS0"]),
]


class Failed(Exception):
    """What was wrong with a session."""


class Terminal:
    """A program that runs on a pseudo-terminal."""

    def __init__(self, command, seconds):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.text = ""
        self.end = time.monotonic() + seconds
        # It stays in our session: the terminal is not its controlling one.
        self.raw = b""
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=self.slave, stdout=self.slave,
                                        stderr=self.errors)

    def read(self):
        """What comes next; nothing is an error."""
        left = self.end - time.monotonic()
        ready, _, _ = select.select([self.master], [], [], max(0, min(left, 1)))
        if ready:
            data = os.read(self.master, 65536)
            self.raw += data
            self.text += data.decode(errors="replace").replace("\r", "")
            self.text = ESCAPE.sub("", self.text)
        elif left <= 0:
            raise Failed("too long without a prompt; the last of it:\n" + self.text[-1000:])
        return bool(ready)

    def wait_prompt(self):
        """All that was printed until the shell waits for a command."""
        while not PROMPT.search(self.text):
            self.read()
            if self.process.poll() is not None:
                raise Failed("it ended early:\n" + self.text[-1000:])
        text, self.text = self.text, ""
        return text

    def wait(self, text, times):
        while self.text.count(text) < times:
            self.read()

    def type(self, text):
        os.write(self.master, text.encode())

    def finish(self):
        """(exit status, what was printed)."""
        while self.process.poll() is None:
            self.read()
        while self.read():
            pass
        if termios.tcgetattr(self.slave) != self.before:
            raise Failed("the terminal is not as it was")
        return self.process.returncode, self.text

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)
        self.errors.seek(0)
        self.errors = self.errors.read().decode()


def answer(terminal, command):
    """The lines between the echo of a command and the next prompt."""
    if command == CAT:
        # What is typed before the shell lets go of the terminal is the shell's, and so is Ctrl-C.
        terminal.type(command + "\n")
        terminal.wait("ready\n", 1)
        terminal.type("again\n")
        terminal.wait("again\n", 2)
        terminal.type("\x03")
    else:
        terminal.type(command + "\n")
    lines = terminal.wait_prompt().split("\n")
    return lines[1:-1]


def session(command, values, seconds):
    """
    Boots, types everything, and ends the shell, upon which /init powers off. (What the guest sent,
    standard error.)
    """
    terminal = Terminal(command, seconds)
    try:
        terminal.wait_prompt()
        for typed, expected in SESSION:
            wanted = [line.format(**values) for line in expected]
            lines = answer(terminal, typed)
            if lines != wanted:
                raise Failed(f"'{typed}' answers {lines}, not {wanted}")
        terminal.type("exit\n")
        status, text = terminal.finish()
        if status != 0 or "reboot: Power down" not in text:
            raise Failed(f"status {status} at its end:\n{text[-1000:]}")
    finally:
        terminal.close()
    # The terminal puts a carriage return before each newline.
    return terminal.raw.replace(b"\r\n", b"\n"), terminal.errors
