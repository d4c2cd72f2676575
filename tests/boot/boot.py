#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""boot.py UNDERVISOR CACHE [long | short]: Debian's kernel boots, runs commands, uses disks, powers off.

With one and with four processors, each twice, which must be the same run; with a shell at a
terminal; saved and restored; reset; with memory above 4 GB. "long": and when it unpacks itself. "short": with
disks, and with one processor, once. Exit status 77: the packages cannot be had here.
"""

import hashlib
import os
import re
import subprocess
import sys
import threading

import disk
import initramfs
import shell

TIMEOUT = 240

# Of processor time until a restored shell answers, at best of so many: others on the machine may have
# its caches, and half of its cores, at any one time.
RESTORE_SECONDS = 1.0
RESTORES = 5

# Lines of memtester that end in "ok".
MEMTESTER_TESTS = 18

# What must be on the console, in this order.
EXPECTED = [
    # Linux uses it where it finds the microcode to be no old one.
    r"TSC deadline timer available",
    r"Run /init as init process",
    r"UDV init",
    r"UDV cpus {cpus}",
    r"UDV vectors {sum} {sum} {sum} 1\.414213562373095",
    r"UDV hash {hash}  -",
    r"UDV awk 0\.142857",
    r"UDV gzip {gzip}  -",
    r"UDV memtester 0 {memtester}",
    r"UDV xxhsum {xxhsum[0]}",
    r"UDV xxhsum {xxhsum[1]}",
    r"UDV xxhsum {xxhsum[2]}",
    r"UDV date 2026",
    r"UDV end",
    r"reboot: Power down",
]

# Warnings of the kernel's about itself, on any machine.
KNOWN_WARNINGS = [
    r"cblist_init_generic",
    r"Spectre V2 ",
]


def vector_sum():
    """What vectors.c sums, in Python's integers; it does not overflow."""
    return sum(3 * (i * i - 1000 * i) for i in range(1024))


def numbers(last):
    """From 1 to @last, a line each."""
    return "".join(f"{i}\n" for i in range(1, last + 1))


def digest(last, algorithm):
    """Of those numbers."""
    return hashlib.new(algorithm, numbers(last).encode()).hexdigest()


class Failed(Exception):
    """What was wrong with a boot."""


class Skipped(Exception):
    """What cannot be had here."""


def machine(kernel, initrd, cpus):
    """Options and image."""
    return ["--memory", "512M", "--cpus", str(cpus), "--initrd", initrd,
            "--append", "console=ttyS0,115200", kernel]


def run(tool, words, status=0, ending="powered off", stdin=subprocess.DEVNULL):
    """(console, statistics) of one run that ends like that."""
    done = subprocess.run(
        [tool, "run", "--stats", "--trace-hash", "--max-seconds", str(TIMEOUT), *words],
        stdin=stdin, capture_output=True, timeout=TIMEOUT + 60, check=False)
    console = done.stdout.decode(errors="replace").replace("\r", "")
    errors = done.stderr.decode(errors="replace")
    if done.returncode != status or ending not in errors:
        tail = "\n".join(console.splitlines()[-15:])
        raise Failed(f"status {done.returncode}\n{errors}{tail}")
    return console, errors


def boot(tool, kernel, initrd, cpus):
    """(console, statistics) of one boot."""
    return run(tool, machine(kernel, initrd, cpus))


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


def save_when(tool, words, saved, seen):
    """The console of a run that is saved, and ended, when @seen(what its console has)."""
    with subprocess.Popen([tool, "run", "--trace-hash", "--save", saved, *words],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        timer = threading.Timer(TIMEOUT, process.kill)
        timer.start()
        console = more = b""
        while not seen(console):
            more = process.stdout.read1(4096)
            if not more:
                break
            console += more
        process.terminate()
        console += process.stdout.read()
        errors = process.stderr.read().decode(errors="replace")
        timer.cancel()
        if process.wait() != 130 or not more:
            raise Failed(f"not saved: status {process.returncode}\n{errors}")
    return console.decode(errors="replace").replace("\r", "")


def check_saved(tool, kernel, initrd, cpus, cache, unbroken):
    """Saved while init runs, and restored, for either engine: the same run as the unbroken one."""
    saved = os.path.join(cache, f"saved-{cpus}.udv")
    first = save_when(tool, machine(kernel, initrd, cpus), saved,
                      lambda console: b"UDV init" in console)
    then = run(tool, ["--restore", saved, "--engine", "nested"])
    if "UDV gzip" not in then[0]:
        raise Failed("init was done:\n" + "\n".join(first.splitlines()[-3:]))
    same_run(unbroken, (first + then[0], then[1]))
    again = run(tool, ["--restore", saved, "--engine", "direct"])
    same_run(then, again)


def seconds_to_answer(tool, saved):
    """Processor time of a run from its start until the restored shell has answered."""
    with subprocess.Popen([tool, "run", "--restore", saved], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        timer = threading.Timer(TIMEOUT, process.kill)
        timer.start()
        process.stdin.write(b"echo $((6 * 7000))\n")
        process.stdin.flush()
        console, more = b"", b"-"
        while more and b"42000" not in console:
            more = process.stdout.read1(4096)
            console += more
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
            ticks = [int(field) for field in file.read().rsplit(")", 1)[1].split()[11:13]]
        process.kill()
        timer.cancel()
    if b"42000" not in console:
        raise Failed("the restored shell does not answer:\n" + console.decode(errors="replace"))
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def check_saved_shell(tool, kernel, initrd, cpus, cache):
    """Saved at the shell's prompt, restored in no time, used and left; the same on both engines."""
    saved, typed = os.path.join(cache, "shell.udv"), os.path.join(cache, "typed.txt")
    with open(typed, "w", encoding="ascii") as file:
        file.write("seq 1 100 | md5sum\nexit\n")
    save_when(tool, machine(kernel, initrd, cpus), saved,
              lambda console: b"# " in console.rsplit(b"\n", 1)[-1])
    seconds = sorted(seconds_to_answer(tool, saved) for _ in range(RESTORES))
    print(f"   restored, the shell answers after {seconds[0]:.2f} to {seconds[-1]:.2f} s of processor time, "
          f"{os.path.getsize(saved) >> 20} MB")
    if seconds[0] >= RESTORE_SECONDS:
        raise Failed(f"the restored shell answers after {seconds[0]:.2f} s of processor time, at best")
    runs = []
    for engine in ("nested", "direct"):
        with open(typed, "rb") as file:
            runs.append(run(tool, ["--restore", saved, "--engine", engine], stdin=file))
    if digest(100, "md5") not in runs[0][0]:
        raise Failed("the shell did not answer:\n" + runs[0][0])
    same_run(*runs)


def check_console(console, cpus, cache):
    """Every expected line, and no complaint of the kernel's."""
    values = {"cpus": cpus, "sum": vector_sum(), "hash": digest(20000, "sha256"),
              "gzip": digest(5000, "md5"), "memtester": MEMTESTER_TESTS,
              "xxhsum": initramfs.xxhsum_here(cache, numbers(20000)) or [r"\w+  stdin"] * 3}
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
        initrd_reset = initramfs.build(cache, initramfs.INIT_RESET, file_name="initramfs-reset")
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
        check_console(runs[-1][0], cpus, cache)

    case("disks, console and entropy by virtio", lambda: check_disks(tool, kernel, cache))
    case("one processor", lambda: plain(1))
    if sys.argv[3:] != ["short"]:
        case("four processors", lambda: plain(4))
        if len(runs) == 2:
            case("the same again", lambda: same_run(runs[0], boot(tool, kernel, initrd, 1)))
            case("the same again, four processors",
                 lambda: same_run(runs[1], boot(tool, kernel, initrd, 4)))
        for cpus in (1, 4):
            case(f"a shell at a terminal, {cpus} processors",
                 lambda cpus=cpus: check_shell(tool, kernel, initrd_shell, cpus, cache))
        for cpus, unbroken in zip((1, 4), runs):
            case(f"saved and restored, {cpus} processors",
                 lambda cpus=cpus, unbroken=unbroken: check_saved(tool, kernel, initrd, cpus, cache,
                                                                  unbroken))
        case("saved at the shell", lambda: check_saved_shell(tool, kernel, initrd_shell, 1, cache))
        case("reset", lambda: run(tool, machine(kernel, initrd_reset, 1), 126, "the guest reset the machine"))
        case("memory above 4 GB", lambda: check_memory(tool, kernel, initrd_off))
        if sys.argv[3:] == ["long"]:
            case("unpacked by itself", lambda: check_unpacks_itself(tool, kernel, initrd_off))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
