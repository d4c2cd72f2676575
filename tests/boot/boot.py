#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""boot.py UNDERVISOR CACHE [long]: Debian's kernel boots, runs commands, uses disks, powers off.

With one and with four processors, each twice, which must be the same run; with a shell at a
terminal; with memory above 4 GB. "long": and when it unpacks itself. Exit status 77: the packages
cannot be had here.
"""

import hashlib
import os
import re
import subprocess
import sys

import disk
import initramfs
import shell

TIMEOUT = 240

# What must be on the console, in this order.
EXPECTED = [
    r"Run /init as init process",
    r"UDV init",
    r"UDV cpus {cpus}",
    r"UDV vectors {sum} {sum} {sum} 1\.414213562373095",
    r"UDV hash {hash}  -",
    r"UDV awk 0\.142857",
    r"UDV gzip {gzip}  -",
    r"UDV date 2026",
    r"UDV end",
    r"reboot: Power down",
]

# Warnings of the kernel's about itself, on any machine.
KNOWN_WARNINGS = [
    r"cblist_init_generic",
    r"Spectre V2 ",
    r"AMD-Vi",
]


def vector_sum():
    """What vectors.c sums, in Python's integers; it does not overflow."""
    return sum(3 * (i * i - 1000 * i) for i in range(1024))


def digest(last, algorithm):
    """Of the numbers from 1 to @last, a line each."""
    text = "".join(f"{i}\n" for i in range(1, last + 1))
    return hashlib.new(algorithm, text.encode()).hexdigest()


class Failed(Exception):
    """What was wrong with a boot."""


class Skipped(Exception):
    """What cannot be had here."""


def boot(tool, kernel, initrd, cpus):
    """(console, statistics) of one boot."""
    done = subprocess.run(
        [tool, "run", "--memory", "512M", "--cpus", str(cpus), "--initrd", initrd,
         "--append", "console=ttyS0,115200", "--stats", "--trace-hash",
         "--max-seconds", str(TIMEOUT), kernel],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT + 60, check=False)
    console = done.stdout.decode(errors="replace").replace("\r", "")
    errors = done.stderr.decode(errors="replace")
    if done.returncode != 0 or "powered off" not in errors:
        tail = "\n".join(console.splitlines()[-15:])
        raise Failed(f"status {done.returncode}\n{errors}{tail}")
    return console, errors


def boot_off(tool, kernel, initrd, *options):
    """The console of a boot that ends well."""
    done = subprocess.run(
        [tool, "run", "--initrd", initrd, "--append", "console=ttyS0,115200",
         "--max-seconds", str(TIMEOUT), *options, kernel],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT + 60, check=False)
    console = done.stdout.decode(errors="replace").replace("\r", "")
    if done.returncode != 0 or "reboot: Power down" not in console:
        raise Failed(f"status {done.returncode}\n{done.stderr.decode(errors='replace')}"
                     + "\n".join(console.splitlines()[-15:]))
    return console


def check_lines(console, lines):
    for line in lines:
        if line not in console:
            raise Failed(f"no '{line}' in:\n" + "\n".join(console.splitlines()[:40]))


def check_memory(tool, kernel, initrd):
    """6 GB: 3 below the hole for devices, 3 above 4 GB."""
    console = boot_off(tool, kernel, initrd, "--memory", "6G")
    check_lines(console, [
        "BIOS-e820: [mem 0x0000000000100000-0x00000000bfffffff] usable",
        "BIOS-e820: [mem 0x0000000100000000-0x00000001bfffffff] usable",
        "/6291064K available",
    ])


def check_unpacks_itself(tool, kernel, initrd):
    """By Linux's own boot protocol: the memory map comes from the boot parameters."""
    console = boot_off(tool, kernel, initrd, "--memory", "512M", "--kernel-decompress", "guest")
    check_lines(console, [
        "BIOS-e820: [mem 0x00000000000e0000-0x00000000000fffff] reserved",
        "BIOS-e820: [mem 0x0000000000100000-0x000000001fffffff] usable",
        "UDV init",
    ])


def check_shell(tool, kernel, initrd, cpus, cache):
    """Typed at a terminal, recorded, and replayed: the same run."""
    values = {"cpus": cpus, "md5": digest(100, "md5")}
    record = os.path.join(cache, f"shell-{cpus}.rec")
    rest = ["--stats", "--trace-hash", "--memory", "512M", "--cpus", str(cpus), "--initrd", initrd,
            "--append", "console=ttyS0,115200 quiet", kernel]
    try:
        console, errors = shell.session([tool, "run", "--record", record, *rest], values, TIMEOUT)
    except shell.Failed as reason:
        raise Failed(str(reason)) from reason
    done = subprocess.run([tool, "run", "--replay", record, *rest], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=TIMEOUT, check=False)
    replayed = done.stderr.decode(errors="replace")
    if done.returncode != 0:
        raise Failed(f"replay: status {done.returncode}\n{replayed}")
    same_run((console.decode(errors="replace").replace("\r", ""), errors),
             (done.stdout.decode(errors="replace").replace("\r", ""), replayed))


def check_console(console, cpus):
    """Every expected line, and no complaint of the kernel's."""
    values = {"cpus": cpus, "sum": vector_sum(), "hash": digest(20000, "sha256"), "gzip": digest(5000, "md5")}
    lines = iter(console.splitlines())
    for pattern in EXPECTED:
        wanted = pattern.format(**values)
        if not any(re.search(wanted, line) for line in lines):
            raise Failed(f"no line '{wanted}' in its place in:\n"
                         + "\n".join(console.splitlines()[-40:]))
    check_problems(console)


def check_problems(console):
    """No complaint of the kernel's."""
    problems = [line for line in console.splitlines() if line.startswith("UDV problem")
                and not any(re.search(known, line) for known in KNOWN_WARNINGS)]
    if problems:
        raise Failed("the kernel complains:\n" + "\n".join(problems))


def same_run(first, second):
    """Console, instruction count and trace hash."""
    def facts(result):
        kept = re.findall(r"^(?:instructions|trace hash|virtual seconds): .*$", result[1], re.M)
        return [result[0], *kept]
    if len(facts(first)) != 4 or facts(first) != facts(second):
        raise Failed(f"two boots differ: {facts(first)[1:]} and {facts(second)[1:]}")


def check_disks(tool, kernel, cache):
    def boot_disks(initrd, options):
        console = boot_off(tool, kernel, initrd, "--memory", "512M", *options)
        check_problems(console)
        return console

    try:
        problems = disk.check(disk.prepare(cache), boot_disks, os.path.join(cache, "hvc0.txt"))
    except initramfs.Unavailable as reason:
        raise Skipped(reason) from None
    if problems:
        raise Failed("\n".join(problems))


def main():
    tool, cache = os.path.abspath(sys.argv[1]), sys.argv[2]
    os.makedirs(cache, exist_ok=True)
    try:
        kernel = initramfs.kernel(cache)
        initrd = initramfs.build(cache, initramfs.INIT_TESTS, with_vectors=True)
        initrd_off = initramfs.build(cache, initramfs.INIT_OFF, file_name="initramfs-off")
        initrd_shell = initramfs.build(cache, initramfs.INIT_SHELL, file_name="initramfs-shell")
    except initramfs.Unavailable as reason:
        print(f"SKIP: {reason}")
        return 77
    passed, failed, runs = 0, 0, []

    def case(name, function):
        nonlocal passed, failed
        try:
            function()
            passed += 1
            print(f"ok: {name}")
        except Skipped as reason:
            print(f"SKIP: {name}: {reason}")
        except Failed as reason:
            failed += 1
            print(f"FAILED: {name}: {reason}")

    def plain(cpus):
        runs.append(boot(tool, kernel, initrd, cpus))
        check_console(runs[-1][0], cpus)

    case("disks, console and entropy by virtio", lambda: check_disks(tool, kernel, cache))
    case("one processor", lambda: plain(1))
    case("four processors", lambda: plain(4))
    if len(runs) == 2:
        case("the same again", lambda: same_run(runs[0], boot(tool, kernel, initrd, 1)))
        case("the same again, four processors",
             lambda: same_run(runs[1], boot(tool, kernel, initrd, 4)))
    for cpus in (1, 4):
        case(f"a shell at a terminal, {cpus} processors",
             lambda cpus=cpus: check_shell(tool, kernel, initrd_shell, cpus, cache))
    case("memory above 4 GB", lambda: check_memory(tool, kernel, initrd_off))
    if sys.argv[3:] == ["long"]:
        case("unpacked by itself", lambda: check_unpacks_itself(tool, kernel, initrd_off))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
