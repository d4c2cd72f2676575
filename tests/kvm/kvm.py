#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kvm.py UNDERVISOR CACHE [short]: Debian's KVM as the hypervisor in a guest, by both engines.

Pieces of code in real, protected and long mode, with KVM as it is and without things that the processor
has; a Linux to a shell, with pieces of code in a guest of its own, started by a VMM of ours and by Debian's
QEMU on two machines; the same runs by both engines. Debian's gdb at the first. And the recipe. "short": the
first alone, with KVM as it is, gdb on one engine, and the recipe. Exit status 77: the packages cannot be had here.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import debugged
import expected
import images
from debugged import Failed

ROOT = pathlib.Path(__file__).resolve().parents[2]

ENGINES = ("direct", "nested")
TIMEOUT = 900

# What KVM must have found and be using.
PARAMETERS = {
    "ept": "Y", "eptad": "Y", "unrestricted_guest": "Y", "vpid": "Y", "enable_apicv": "Y", "flexpriority": "Y",
    "pml": "Y", "vnmi": "Y", "nested": "Y", "enable_shadow_vmcs": "Y", "preemption_timer": "Y",
    "vmentry_l1d_flush": "not required",
}

# Of an L2 whose VMM has no PCI, and of one without firmware too.
NO_PCI = (r"PCI: Fatal: No config space access function found$", r"PCI: System does not support PCI$")
NO_FIRMWARE = (*NO_PCI, r"smpboot: Boot CPU \(id 0\) not listed by BIOS$")
# Per machine of images.QEMU_MACHINES; pc is a chipset of before MMCONFIG.
QEMU_PROBLEMS = {"pc": (r"acpi PNP0A03:00: fail to add MMCONFIG information, ",), "microvm": NO_PCI}


def run(tool, kernel, initrd, engine, options):
    """(console, statistics) of one run."""
    done = subprocess.run(
        [tool, "run", "--engine", engine, *options, "--initrd", initrd,
         "--append", "console=ttyS0,115200", "--stats", "--trace-hash", "--max-seconds", str(TIMEOUT), kernel],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT + 60, check=False)
    console = done.stdout.decode(errors="replace").replace("\r", "")
    errors = done.stderr.decode(errors="replace")
    if done.returncode != 0 or "powered off" not in errors:
        tail = "\n".join(console.splitlines()[-25:])
        raise Failed(f"status {done.returncode}\n{errors}{tail}")
    return console, errors


def said(console, mark="UDV"):
    """What follows the mark in the lines between "MARK init" and "MARK end"."""
    begin, end = f"{mark} init", f"{mark} end"
    lines = console.splitlines()
    if begin not in lines or end not in lines:
        raise Failed(f"no '{begin}' or '{end}' in:\n" + "\n".join(lines[-25:]))
    between = lines[lines.index(begin) + 1:lines.index(end)]
    return [line[len(mark) + 1:] for line in between if line.startswith(mark + " ")]


def compare(found, wanted):
    if found != wanted:
        raise Failed("\n".join(f"{a}\n{' ' * 8}not: {b}" for a, b in zip(
            found + ["nothing"] * len(wanted), wanted + ["nothing"] * len(found)) if a != b))


def check_parameters(lines):
    found = dict(line.split(" ", 2)[1:] for line in lines if line.startswith("parameter "))
    compare([f"{name} {found.get(name)}" for name in PARAMETERS],
            [f"{name} {value}" for name, value in PARAMETERS.items()])


def check_pieces(result):
    lines = said(result[0])
    check_parameters(lines)
    compare([line for line in lines if not line.startswith("parameter ")], list(expected.lines()))


def check_variants(result):
    wanted = []
    for words in (*images.VARIANTS, "tdp_mmu=0"):
        wanted += [f"with {words}", *expected.lines()]
    compare(said(result[0]), wanted)


def check_shell(result, known):
    """L2's own pieces, its shell, and no complaint but those."""
    lines = [line for line in said(result[0], "UDV2")
             if line != "prompt" and not any(re.search(f"^problem .*{one}", line) for one in known)]
    release = re.search(r"Linux version (\S+)", result[0])
    compare(lines, [*expected.lines(), f"sum 42 {release[1] if release else '?'}"])


def check_linux(result):
    compare(said(result[0]), [])
    check_shell(result, NO_FIRMWARE)
    if "vmm: ended" not in result[0].splitlines():
        raise Failed("the VMM has not ended")


def check_qemu(machine):
    def check(result):
        compare(said(result[0]), ["ended 0"])
        check_shell(result, QEMU_PROBLEMS[machine])

    return check


def facts(result):
    """What two runs of the same must have in common."""
    return [result[0], *re.findall(r"^(?:instructions|trace hash|virtual seconds|VM entries): .*$", result[1], re.M)]


def same_run(results):
    found = [facts(results[engine]) for engine in ENGINES]
    if len(found[0]) != 5 or found[0] != found[1]:
        raise Failed(f"the engines differ: {found[0][1:]} and {found[1][1:]}")


class Tests:
    """Cases and their count."""

    def __init__(self, tool, cache):
        self.tool, self.cache = tool, cache
        self.kernel = images.initramfs.kernel(cache)
        self.passed = self.failed = 0

    def case(self, name, function):
        try:
            function()
            self.passed += 1
            print(f"ok: {name}", flush=True)
        except Failed as reason:
            self.failed += 1
            print(f"FAILED: {name}: {reason}", flush=True)

    def both(self, name, initrd, options, check):
        """A case for each engine, and one that compares them."""
        results = {}

        def one(engine):
            results[engine] = run(self.tool, self.kernel, initrd, engine, options)
            check(results[engine])

        for engine in ENGINES:
            self.case(f"{name}, {engine}", lambda engine=engine: one(engine))
        if len(results) == len(ENGINES):
            self.case(f"{name}: the engines make the same run", lambda: same_run(results))

    def gdb(self, initrd, engines):
        """Debian's gdb at KVM and its guest."""
        if not shutil.which("gdb"):
            print("SKIP: no gdb")
            return
        options = ("--memory", "512M", "--initrd", initrd, "--append", "console=ttyS0,115200", "--max-seconds",
                   str(TIMEOUT))

        self.case(f"gdb, {' and '.join(engines)}",
                  lambda: debugged.check(self.tool, self.kernel, options, engines))

    def recipe(self, title, lines):
        """The recipe of docs/recipes.md, pasted into a shell."""
        text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
        script = re.search(rf"^## {title}$.*?^```sh\n(.*?)^```$", text, re.M | re.S)[1]
        work = os.path.join(self.cache, "recipe")
        shutil.rmtree(work, ignore_errors=True)
        folder = re.search(r"^cd (\S+)$", script, re.M)[1]
        os.makedirs(os.path.join(work, folder))
        for name in ("build", "tests"):
            os.symlink(ROOT / name, os.path.join(work, name))
        for name in os.listdir(self.cache):
            if name.endswith(".deb"):
                os.link(os.path.join(self.cache, name), os.path.join(work, folder, name))

        def pasted():
            done = subprocess.run(["sh", "-e"], input=script.replace("build/tools/undervisor", self.tool, 1)
                                  .replace("../" + self.tool, self.tool), cwd=work, text=True,
                                  capture_output=True, timeout=TIMEOUT, check=False)
            console = done.stdout.replace("\r", "")
            found = [line[4:] for line in console.splitlines() if line.startswith("UDV ")]
            if done.returncode != 0 or found != list(lines):
                raise Failed(f"status {done.returncode}\n{console}{done.stderr}")

        self.case(f"recipe: {title}", pasted)
        shutil.rmtree(work)


def main():
    tool, cache = os.path.abspath(sys.argv[1]), sys.argv[2]
    os.makedirs(cache, exist_ok=True)
    try:
        tests = Tests(tool, cache)
        pieces = images.build(cache, "initramfs-kvm", images.INIT_PIECES)
        short = sys.argv[3:] == ["short"]
        variants = None if short else images.build(cache, "initramfs-kvm-variants", images.INIT_VARIANTS)
        linux = None if short else images.build_linux(cache)
        qemu = {} if short else {machine: images.build_qemu(cache, machine) for machine in images.QEMU_MACHINES}
    except images.Unavailable as reason:
        print(f"SKIP: {reason}")
        return 77
    tests.both("pieces of code", pieces, ("--memory", "512M"), check_pieces)
    tests.gdb(pieces, ("nested",) if short else ENGINES)
    tests.recipe("KVM in Linux", expected.lines())
    if not short:
        tests.both("KVM without this and that, two processors", variants, ("--memory", "512M", "--cpus", "2"),
                   check_variants)
        tests.both("Linux, its shell and its guest", linux, ("--memory", "1G"), check_linux)
        for machine, initrd in qemu.items():
            tests.both(f"Linux by QEMU, {machine}", initrd, ("--memory", "1G"), check_qemu(machine))
    print(f"{tests.passed} passed, {tests.failed} failed")
    return 1 if tests.failed else 0


if __name__ == "__main__":
    sys.exit(main())
