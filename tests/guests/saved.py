#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Saves a guest of guests/ on its way and goes on from the file: as if it had not been broken.

usage: saved.py UNDERVISOR IMAGE [DISK-BYTES]

With DISK-BYTES the image gets a disk of that size, whose 32-bit words are their numbers, and a
console. Output, console, instructions, virtual time and trace hash must be those of the unbroken
run, under either engine; and a snapshot further on must be the same file, byte for byte. Files that
are damaged, cut off or of something else get one line each.
"""
import os
import pathlib
import re
import shlex
import struct
import subprocess
import sys
import tempfile

TOOL, IMAGE = (os.path.abspath(path) for path in sys.argv[1:3])
WRAPPER = shlex.split(os.environ.get("MESON_EXE_WRAPPER", ""))
PARTS = [0.0003, 0.2, 0.5, 0.77, 0.9999]
ENGINES = [("direct", "direct"), ("direct", "nested"), ("nested", "direct"), ("nested", "nested")]


class Case:
    """Runs of the image in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.devices = []
        self.failures = []
        if len(sys.argv) > 3:
            words = int(sys.argv[3]) // 4
            (folder / "disk.img").write_bytes(struct.pack(f"<{words}I", *range(words)))
            self.devices = ["--disk", "disk.img", "--virtio-console", "file:console.txt"]

    def run(self, *words):
        """(status, what came out, facts, standard error)"""
        console = self.folder / "console.txt"
        console.write_bytes(b"")
        done = subprocess.run(
            [*WRAPPER, TOOL, "run", *words, *self.devices, "--trace-hash", "--stats"]
            + ([] if "--restore" in words else [IMAGE]),
            cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        facts = re.findall(r"^(?:instructions|trace hash|virtual seconds|exceptions): .*$",
                           done.stderr, re.M)
        return done.returncode, (done.stdout, console.read_text()), facts, done.stderr

    def engine(self, name, stats):
        """Of a run that entered a guest: only L0 merges a vmcs02."""
        if "\nVM entries: " in stats and ("\nL0: merges of vmcs02: " in stats) != (name == "nested"):
            self.fail(f"not the {name} engine:\n{stats}")

    def fail(self, what):
        self.failures.append(what)

    def split(self, plain, at, engines):
        first = self.run("--max-instructions", str(at), "--save", "half.udv", "--engine", engines[0])
        then = self.run("--restore", "half.udv", "--engine", engines[1])
        out = tuple(a + b for a, b in zip(first[1], then[1]))
        if first[0] != 124:
            self.fail(f"{at}: status {first[0]}\n{first[3]}")
        if (then[0], out, then[2]) != plain[:3]:
            self.fail(f"{at}, {engines}: status {then[0]}, {out}, {then[2]}, not {plain[:3]}\n{then[3]}")

    def same_file(self, total):
        """Broken or not, and by whichever engine it went on, what is saved further on is the same."""
        at, more = total // 3, total // 4
        self.run("--max-instructions", str(at), "--save", "half.udv")
        broken = self.run("--restore", "half.udv", "--max-instructions", str(more), "--save",
                          "broken.udv", "--engine", "direct")
        whole = self.run("--max-instructions", str(at + more), "--save", "whole.udv", "--engine",
                         "nested")
        self.engine("direct", broken[3])
        self.engine("nested", whole[3])
        if (self.folder / "broken.udv").read_bytes() != (self.folder / "whole.udv").read_bytes():
            self.fail("another snapshot after a broken run")

    def refuse(self, status, pattern, *words):
        done = self.run(*words)
        line = done[3].splitlines()
        if done[0] != status or len(line) != 1 or not re.fullmatch(pattern, line[0]):
            self.fail(f"{words}: status {done[0]}, not {status}: {done[3]}")

    def bad_files(self):
        self.run("--max-instructions", "1000", "--save", "good.udv")
        good = (self.folder / "good.udv").read_bytes()
        damaged = bytearray(good)
        damaged[len(good) // 2] ^= 4
        cases = {
            "damaged": (bytes(damaged), r"the snapshot is damaged: section \d+ .* has another checksum"),
            "cut": (good[:len(good) // 2], r"the snapshot is truncated: it ends in section \d+"),
            "behind": (good[:-1], "what is behind the snapshot is damaged"),
            "layout": (good[:12] + bytes(4) + good[16:],
                       r"the snapshot is of another undervisor, whose machine .*"),
            "version": (good[:8] + b"\xff" + good[9:], r"the snapshot has version 255 of the format.*"),
        }
        for name, (data, words) in cases.items():
            (self.folder / f"{name}.udv").write_bytes(data)
            self.refuse(120, f"undervisor run: {name}\\.udv: {words}", "--restore", f"{name}.udv")
        self.refuse(120, r"undervisor run: .*good\.udv.*", "--restore", "good.udv", "--save",
                    "good.udv")
        if (self.folder / "good.udv").read_bytes() != good:
            self.fail("a snapshot was lost")

    def other_disks(self):
        self.run("--max-instructions", "1000", "--save", "good.udv")
        (self.folder / "short.img").write_bytes(bytes(512))
        given = self.devices
        for words, line in [
                ([], r"the machine had 1 disk; give the same --disk options"),
                (["--disk", "short.img"], r"disk 0 had \d+ bytes, short\.img has 512"),
                (["--disk", "disk.img,readonly"],
                 r"disk 0 is to be given as it was: --disk disk\.img")]:
            self.devices = words
            self.refuse(2, "undervisor run: good\\.udv: " + line, "--restore", "good.udv")
        self.devices = given


def main():
    with tempfile.TemporaryDirectory() as name:
        case = Case(pathlib.Path(name))
        plain = case.run()
        total = int(re.search(r"^instructions: (\d+)$", plain[3], re.M).group(1))
        if plain[0] != 1 or len(plain[2]) != 4:
            case.fail(f"status {plain[0]}\n{plain[3]}")
        parts = PARTS[1:2] if WRAPPER else PARTS
        for i, part in enumerate(parts):
            case.split(plain, max(1, int(total * part)), ENGINES[i % len(ENGINES)])
        case.same_file(total)
        case.bad_files()
        if case.devices:
            case.other_disks()
        print("\n".join(case.failures))
        print(f"{sys.argv[2]}: {len(parts)} splits, {len(case.failures)} failures")
        return 1 if case.failures else 0


sys.exit(main())
