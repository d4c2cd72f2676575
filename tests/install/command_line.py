# SPDX-License-Identifier: MIT
"""What the command's own --help says: its commands, and the options of each."""
import re
import subprocess

OPTION = re.compile(r"--[a-z0-9][a-z0-9-]*")


def help_text(program, *command):
    return subprocess.run([program, *command, "--help"], capture_output=True, text=True, timeout=60,
                          check=True).stdout


def commands(program):
    listed = help_text(program).split("Commands:\n", 1)[1].split("\n\n", 1)[0]
    return [line.split()[0] for line in listed.splitlines()]


def options(program, command):
    """All but those behind the name of another command."""
    other = re.compile(rf"undervisor (?!{command}\b)[a-z].*")
    return set(OPTION.findall(other.sub("", help_text(program, command))))


def refused(program, *arguments):
    """The line with which a command line is refused as wrong usage, or None."""
    run = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60,
                         stdin=subprocess.DEVNULL)
    return run.stderr.strip() if run.returncode == 2 else None
