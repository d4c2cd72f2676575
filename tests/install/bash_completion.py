#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Completes command lines as bash does: bash_completion.py COMPLETION UNDERVISOR"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import command_line

FILE, PROGRAM = map(os.path.abspath, sys.argv[1:3])
SCRIPT = """
source "$1" || exit 3
complete -p undervisor | grep -q -- "-F _undervisor undervisor$" || exit 4
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_undervisor undervisor "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
"""
problems = []


def complete(*words, cwd=None):
    run = subprocess.run(["bash", "--norc", "--noprofile", "-c", SCRIPT, "bash", FILE, PROGRAM, *words],
                         capture_output=True, text=True, timeout=120, cwd=cwd)
    if run.returncode or run.stderr:
        problems.append(f"{shlex.join(words)}: status {run.returncode}: {run.stderr}")
    return run.stdout.splitlines()


def expect(words, wanted, cwd=None):
    got = complete(*words, cwd=cwd)
    if sorted(got) != sorted(wanted):
        problems.append(f"{shlex.join(words)}: {got}, wanted {sorted(wanted)}")


def check_options(commands):
    expect([""], [*commands, "--help", "--version"])
    for command in commands:
        wanted = command_line.options(PROGRAM, command)
        got = complete(command, "--")
        for option in sorted(wanted - set(got)):
            problems.append(f"{command} {option}: in --help, not completed")
        for option in got:
            line = command_line.refused(PROGRAM, command, option) or ""
            if "no such option" in line or "unknown option" in line:
                problems.append(f"{command} {option}: completed, but {line}")


# What each word of a list has to be accepted in.
CHOICES = [
    ("run", "--engine", "/nonexistent"),
    ("run", "--kernel-decompress", "/nonexistent"),
    ("run", "--progress", "/nonexistent"),
    ("run", "--serial", "/nonexistent"),
    ("run", "--stress", "/nonexistent"),
    ("run", "--virtio-console", "/nonexistent"),
    ("diff", "--kernel-decompress", "/nonexistent"),
    ("diff", "--serial", "/nonexistent"),
    ("diff", "--stress", "/nonexistent"),
    ("walk", "--format", "/nonexistent", "0"),
    ("explain", "--mode", "cr3", "0"),
    ("explain", "--reason", "exit-qualification", "0"),
    ("explain", "--list"),
    ("doctor", "--format", "/nonexistent", "--at", "0"),
    ("doctor", "--processor", "/nonexistent"),
    ("report", "--format", "/nonexistent"),
]


def check_choices():
    for command, option, *rest in CHOICES:
        if option not in command_line.options(PROGRAM, command):
            continue
        words = complete(command, option, "")
        if len(words) < 2:
            problems.append(f"{command} {option}: only {words}")
        for word in words[:12]:
            line = command_line.refused(PROGRAM, command, option,
                                        word + "x" if word.endswith(":") else word, *rest)
            if line:
                problems.append(f"{command} {option} {word}: completed, but {line}")


def check_words():
    expect(["ru"], ["run"])
    expect(["run", "--trace-format", ""], ["text", "json"])
    expect(["run", "--stress", "tlb,s"], ["tlb,single"])
    expect(["run", "--cpu", "-vmx,+la5"], ["-vmx,+la57"])
    expect(["run", "--cpu", "maxp"], ["maxphyaddr="])
    expect(["run", "--engine", "=", "n"], ["nested"])
    expect(["explain", "ept-v"], ["ept-violation"])
    expect(["explain", "vmcs-field", "EPTP_IN"], ["EPTP_INDEX"])
    expect(["explain", "exit-reason", "EPT_V"], ["EPT_VIOLATION"])
    expect(["explain", "msr", "IA32_VMX_EPT"], ["IA32_VMX_EPT_VPID_CAP"])
    expect(["demo", "x"], [])
    with tempfile.TemporaryDirectory() as folder:
        for name in ("kernel image", "kernel.elf", "other"):
            (pathlib.Path(folder) / name).touch()
        files = ["kernel image", "kernel.elf"]
        expect(["run", "ker"], files, folder)
        expect(["run", "--memory", "1G", "--stats", "ker"], files, folder)
        expect(["run", "--initrd", "ker"], files, folder)
        expect(["run", "--serial", "file", ":", "ot"], ["other"], folder)
        expect(["run", "--serial", "file", ":"], [*files, "other"], folder)
        expect(["run", "--serial", "file", ":", "x", "--eng"], ["--engine"], folder)
        expect(["run", "--memory", "ker"], [], folder)
        expect(["run", "kernel.elf", "--eng"], [], folder)
        expect(["diff", "kernel.elf", "--ser"], [], folder)
        expect(["walk", "kernel.elf", "--sv"], ["--svg"], folder)
        expect(["walk", "--svg", "ot"], ["other"], folder)
        expect(["doctor", "ot"], ["other"], folder)


def main():
    commands = command_line.commands(PROGRAM)
    check_options(commands)
    check_choices()
    check_words()
    print("\n".join(problems))
    return 1 if problems or len(commands) < 4 else 0


sys.exit(main())
