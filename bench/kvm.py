#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a guest of Debian's KVM costs, on undervisor and on Bochs: time and L1's instructions for each.

usage: kvm.py BUILD-DIR CACHE-DIR [--engine NAME]... [--bochs PROGRAM] [--scale X] [--no-linux] [--json FILE]

The same kernel and initramfs boot on each; tests/kvm/pieces.c says where a workload begins and ends. Time is
the processor's, of the emulator's process, between the two lines on the console. "linux" is an L2 Linux from
the start of its VMM to its init; "L1" is L1 itself, from the start of the emulator to its init, which QEMU's
TCG can do too. Bochs starts from a CD made by grub-mkrescue.

L1's instructions on undervisor are those from an exit to the next entry, from a trace of a run of its own (the
same for both engines): the median of a workload's exits, and for "linux" the sum. Bochs's TSC counts
instructions: L2's own are taken off, and what L1 does beside the exits, its timer above all, is in it.
"A/B" is how many times as long B takes.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "kvm"))

import images  # noqa: E402

# Rounds, and L2's instructions in one.
WORKLOADS = {"alu": (30000000, 10), "cpuid": (100000, 4), "io": (30000, 3), "page": (30000, 4)}
# The exit that is a workload's, and the one that ends it. SDM Vol 3D "VMX Basic Exit Reasons"
REASONS = {"cpuid": 10, "io": 30, "page": 48}
REASON_HLT = 12
COUNTED_SCALE = 0.02
UNIT = {"L1": "s", "alu": "MIPS", "cpuid": "us", "io": "us", "page": "us", "linux": "s"}
MEMORY = 1024
CMDLINE = "console=ttyS0,115200 quiet nokaslr"
TIMEOUT = 3600
QEMU = "qemu-system-x86_64"
BOCHS_CPU = "corei7_skylake_x"

MARK = re.compile(rb"UDV (begin|done) (\w+)(?: (\d+) (\d+))?\r?\n|UDV2 (init)|UDV (init)\r?\n")


def script(options, scale):
    lines = [f"pieces bench {name} {max(1, round(count * scale))}" for name, (count, _) in WORKLOADS.items()]
    if not options.no_linux:
        lines += ['echo "UDV begin linux"', 'vmm /l2/vmlinux /l2/initramfs "$(cat /l2/cmdline)" </dev/null']
    return (images.initramfs.PREPARE + images.LOAD + "\n".join(lines) + '\necho "UDV end"\npoweroff -f\n')


def processor_time(pid):
    """Nanoseconds of all threads."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total


class Console:
    """Marks in what has been printed so far, with the process's time at each."""

    def __init__(self, pid):
        self.pid, self.text, self.seen, self.marks = pid, b"", 0, []

    def more(self, data):
        self.text += data
        found = list(MARK.finditer(self.text))
        now = processor_time(self.pid) if len(found) > self.seen else 0
        self.marks += [(match, now) for match in found[self.seen:]]
        self.seen = len(found)
        return b"UDV end" in self.text


def read_pipe(process, console):
    while True:
        data = os.read(process.stdout.fileno(), 65536)
        if not data or console.more(data):
            return


def read_file(process, console, path):
    """The serial port's file, as it grows."""
    at, ends = 0, time.monotonic() + TIMEOUT
    while process.poll() is None and time.monotonic() < ends:
        time.sleep(0.002)
        if path.exists() and path.stat().st_size > at:
            with open(path, "rb") as file:
                file.seek(at)
                data = file.read()
            at += len(data)
            if console.more(data):
                return


def run_here(command):
    """What a program prints as its guest's serial port."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        console = Console(process.pid)
        read_pipe(process, console)
        process.kill()
    return console


def run_undervisor(options, engine, kernel, initrd):
    return run_here([str(options.build / "tools" / "undervisor"), "run", "--engine", engine, "--memory",
                     f"{MEMORY}M", "--initrd", initrd, "--append", CMDLINE, kernel])


def run_tcg(kernel, initrd):
    """It has no VT-x: L1 alone."""
    return run_here([QEMU, "-machine", "pc", "-accel", "tcg", "-cpu", "max,la57=off", "-m", str(MEMORY), "-kernel",
                     kernel, "-initrd", initrd, "-append", CMDLINE, "-display", "none", "-nodefaults", "-no-reboot",
                     "-serial", "stdio"])


def count_instructions(options, kernel, initrd):
    """{workload: L1's instructions for each exit; of linux for all}"""
    with subprocess.Popen([str(options.build / "tools" / "undervisor"), "run", "--engine", "direct",
                           "--memory", f"{MEMORY}M", "--initrd", initrd, "--append", CMDLINE,
                           "--serial", "file:/dev/null", "--trace", "/dev/stdout", "--trace-format", "json", kernel],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          encoding="utf-8") as process:
        return costs_in(process.stdout)


def costs_in(lines):
    """The same, of a trace: HLT ends each workload, and what comes behind the last is Linux's."""
    found, costs, names, left = {}, [], iter(WORKLOADS), None
    name = next(names)
    for line in lines:
        if '"event":"vm-exit"' in line:
            event = json.loads(line)
            left = int(event["reason"], 16), event["instructions"]
            if name and left[0] == REASON_HLT:
                if name in REASONS:
                    found[name] = statistics.median(costs)
                name, costs, left = next(names, None), [], None
        elif '"event":"vm-entry"' in line and left:
            reason, begin = left
            if not name or reason == REASONS.get(name):
                costs.append(json.loads(line)["instructions"] - begin)
            left = None
    if not name and costs:
        found["linux"] = sum(costs)
    return found


def make_cd(folder, kernel, initrd):
    """A CD that GRUB starts from, or None."""
    if not shutil.which("grub-mkrescue"):
        return None
    (folder / "cd" / "boot" / "grub").mkdir(parents=True)
    shutil.copy(kernel, folder / "cd" / "boot" / "vmlinuz")
    shutil.copy(initrd, folder / "cd" / "boot" / "initrd")
    (folder / "cd" / "boot" / "grub" / "grub.cfg").write_text(
        f"linux /boot/vmlinuz {CMDLINE}\ninitrd /boot/initrd\nboot\n", encoding="ascii")
    made = subprocess.run(["grub-mkrescue", "-o", str(folder / "cd.iso"), str(folder / "cd")],
                          capture_output=True, check=False)
    return folder / "cd.iso" if made.returncode == 0 else None


def run_bochs(options, kernel, initrd):
    for rom in (f"{options.bios}/BIOS-bochs-latest", options.vga):
        if not os.path.exists(rom):
            print(f"SKIP: Bochs needs {rom}; Debian's bochsbios and vgabios have both")
            return None
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        image = make_cd(folder, kernel, initrd)
        if not image:
            print("SKIP: no grub-mkrescue that makes a CD for Bochs")
            return None
        shutil.rmtree(folder / "cd")
        (folder / "rc").write_text("\n".join([
            "display_library: nogui", f"megs: {MEMORY}",
            f"romimage: file={options.bios}/BIOS-bochs-latest",
            f"vgaromimage: file={options.vga}",
            f"com1: enabled=1, mode=file, dev={folder}/serial",
            f"cpu: model={BOCHS_CPU}, count=1, reset_on_triple_fault=0, ips=1000000000",
            "clock: sync=none", "boot: cdrom",
            "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
            f"ata0-master: type=cdrom, path={image}, status=inserted",
            "log: /dev/null", "panic: action=fatal", "error: action=report", "info: action=ignore", ""]),
            encoding="utf-8")
        with subprocess.Popen([options.bochs, "-q", "-f", str(folder / "rc")], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            process.stdin.write(b"continue\n")
            process.stdin.flush()
            console = Console(process.pid)
            read_file(process, console, folder / "serial")
            process.kill()
        if b"UDV end" not in console.text:
            print(f"SKIP: {options.bochs} did not come to the end")
            return None
        return console


def figures(console):
    """{workload: (host nanoseconds, L1's instructions), for each round}"""
    found, begins = {}, {}
    for match, at in console.marks:
        kind, name = match[1], (match[2] or b"linux").decode()
        if kind == b"begin":
            begins[name] = at
        elif match[5]:
            found["linux"] = (at - begins["linux"], None)
        elif match[6]:
            found["L1"] = (at, None)
        else:
            count, ticks = int(match[3]), int(match[4])
            found[name] = ((at - begins[name]) / count, ticks / count - WORKLOADS[name][1])
    return found


def shown(name, value):
    """Time, and L1's instructions; of an ALU loop the speed."""
    if not value:
        return f"{'-':>12}{'-':>12}"
    if name == "alu":
        return f"{WORKLOADS[name][1] / value[0] * 1e3:12.0f}{'':>12}"
    time_of_one = f"{value[0] / 1e9:12.2f}" if UNIT[name] == "s" else f"{value[0] / 1e3:12.2f}"
    return time_of_one + (f"{'-':>12}" if value[1] is None else f"{value[1]:12.0f}")


def ratio(name, found, first, other):
    if not found[first].get(name) or not found[other].get(name):
        return f"{'-':>16}"
    return f"{found[other][name][0] / found[first][name][0]:16.2f}"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("cache")
    parser.add_argument("--engine", action="append")
    parser.add_argument("--bochs", default=os.environ.get("BOCHS"))
    parser.add_argument("--bios", default="/usr/share/bochs")
    parser.add_argument("--vga", default="/usr/share/vgabios/vgabios.bin")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--no-linux", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()

    os.makedirs(options.cache, exist_ok=True)
    try:
        kernel = images.initramfs.kernel(options.cache)
        initrd = images.build_bench(options.cache, script(options, COUNTED_SCALE), not options.no_linux)
        counted = count_instructions(options, kernel, initrd)
        initrd = images.build_bench(options.cache, script(options, options.scale), not options.no_linux)
    except images.Unavailable as reason:
        print(f"SKIP: {reason}")
        return 77
    found = {engine: figures(run_undervisor(options, engine, kernel, initrd))
             for engine in options.engine or ["direct"]}
    for engine in found.values():
        engine.update({name: (value[0], counted.get(name)) for name, value in engine.items()})
    if options.bochs:
        console = run_bochs(options, kernel, initrd)
        if console:
            found["bochs"] = figures(console)
    pairs = [(first, other) for i, other in enumerate(found) for first in list(found)[:i]]
    if shutil.which(QEMU):
        found["tcg"] = {"L1": figures(run_tcg(kernel, initrd))["L1"]}
    else:
        print(f"SKIP: no {QEMU} for L1 alone")
    print(f"{'':12}" + "".join(f"{name:>12}{'L1 insns':>12}" for name in found) +
          "".join(f"{first + '/' + other:>16}" for first, other in pairs))
    for name in UNIT:
        print(f"{name + ', ' + UNIT[name]:12}" + "".join(shown(name, one.get(name)) for one in found.values()) +
              "".join(ratio(name, found, *pair) for pair in pairs))
    if options.json:
        options.json.write_text(json.dumps(found, indent="\t") + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
