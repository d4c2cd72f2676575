#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times the boot of Debian's kernel to its init on undervisor, QEMU's TCG and Bochs, in turns.

All get the same kernel, initramfs and command line, 512 MB and one processor; the kernel is entered by
PVH, unpacked, or with --packed as the bzImage that unpacks itself, and then by undervisor's own loader
too, as a user has it. Seconds are of the processor (user and
system) from the start of the program to the first line of init on the serial port, medians of the rounds.
"""
import argparse
import importlib.machinery
import importlib.util
import json
import lzma
import os
import pathlib
import re
import selectors
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "boot"))
import initramfs  # noqa: E402

MARK = b"UDV init"
LOADED = b"@"  # from the program that loads the kernel into Bochs; its time does not count
MEGABYTES = 512
COMMAND_LINE = "console=ttyS0,115200"
TIMEOUT = 600

# Where a boot loader for Bochs puts things.
LOADER, INFORMATION, INITRD = 0x8000, 0x80000, 0x10000000
KERNEL = 0x100000  # where a bzImage goes, and its 32-bit entry
SECTOR, CYLINDER = 512, 16 * 63 * 512
PT_LOAD = 1


def load_script(path):
    """One of our scripts as a module."""
    loader = importlib.machinery.SourceFileLoader(path.name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(path.name, loader))
    loader.exec_module(module)
    return module


def setup_size(image):
    """Bytes of a bzImage before what runs in protected mode."""
    return (image[0x1F1] or 4) * SECTOR + SECTOR


def payload(image):
    """The ELF file in a bzImage. Linux, Documentation/x86/boot.rst: payload_offset, payload_length"""
    data = image.read_bytes()
    offset, length = struct.unpack_from("<II", data, 0x248)
    offset += setup_size(data)
    packed = data[offset:offset + length]
    if packed[:6] != b"\xfd7zXZ\0":
        sys.exit(f"boot.py: {image} is not packed with XZ")
    return lzma.LZMADecompressor().decompress(packed)


def segments(elf):
    """(physical address, bytes in the file, bytes in memory) of each, and the PVH entry."""
    headers, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    parts, entry = [], None
    for i in range(count):
        kind, _, offset, _, address, in_file, in_memory, _ = struct.unpack_from(
            "<IIQQQQQQ", elf, headers + i * size)
        if kind == PT_LOAD:
            parts.append((address, elf[offset:offset + in_file], in_memory))
        note = elf[offset:offset + in_file] if kind == 4 else b""
        found = note.find(struct.pack("<III", 4, 8, 18) + b"Xen\0")
        if found < 0:
            found = note.find(struct.pack("<III", 4, 4, 18) + b"Xen\0")
        if found >= 0:
            entry, = struct.unpack_from("<I", note, found + 16)
    return parts, entry


def start_info(initrd_size):
    """struct hvm_start_info of Xen's public/arch-x86/hvm/start_info.h, and what it points to."""
    regions = [(0, 0x9F000, 1), (1 << 20, (MEGABYTES - 1) << 20, 1)]
    modules, table = INFORMATION + 64, INFORMATION + 128
    line = table + 24 * len(regions)
    head = struct.pack("<IIIIQQQQII", 0x336EC578, 1, 0, 1, modules, line, 0, table, len(regions), 0)
    module = struct.pack("<QQQQ", INITRD, initrd_size, 0, 0)
    tables = b"".join(struct.pack("<QQII", *region, 0) for region in regions)
    return head.ljust(64, b"\0") + module.ljust(64, b"\0") + tables + COMMAND_LINE.encode() + b"\0"


def boot_parameters(image, initrd_size):
    """Linux's struct boot_params, and the command line behind it."""
    data = image.read_bytes()
    page = bytearray(4096 + 512)
    end = 0x202 + data[0x201]
    page[0x1F1:end] = data[0x1F1:end]
    page[0x210] = 0xFF
    struct.pack_into("<II", page, 0x218, INITRD, initrd_size)
    struct.pack_into("<I", page, 0x228, INFORMATION + 4096)
    regions = [(0, 0x9F000, 1), (1 << 20, (MEGABYTES - 1) << 20, 1)]
    page[0x1E8] = len(regions)
    for i, region in enumerate(regions):
        struct.pack_into("<QQI", page, 0x2D0 + 20 * i, *region)
    page[4096:4096 + len(COMMAND_LINE)] = COMMAND_LINE.encode()
    return bytes(page)


class Bochs:
    """Bochs without firmware: a ROM whose program reads the kernel from a disk and jumps to it."""

    def __init__(self, program, build, folder, kernel, initrd, packed):
        self.program, self.folder = program, folder
        boot = build / "guests" / "boot"
        if packed:
            data = kernel.read_bytes()
            parts, entry = [(KERNEL, data[setup_size(data):])], KERNEL
            information = boot_parameters(kernel, initrd.stat().st_size)
        else:
            found, entry = segments(kernel.read_bytes())
            # RAM is zero where nothing is read into it.
            parts = [(address, content.rstrip(b"\0")) for address, content, _ in found]
            information = start_info(initrd.stat().st_size)
        disk, table = b"", struct.pack("<I", entry)
        for address, content in [*parts, (INITRD, initrd.read_bytes())]:
            content = content.ljust(-(-len(content) // SECTOR) * SECTOR, b"\0")
            table += struct.pack("<III", len(disk) // SECTOR, address, len(content) // SECTOR)
            disk += content
        table += bytes(12)
        run_guest = load_script(ROOT / "scripts" / "run_guest_bochs")
        rom = run_guest.make_rom((boot / "bochs-rom.bin").read_bytes(),
                                 [(LOADER, (boot / "bochs-disk.bin").read_bytes() + table),
                                  (INFORMATION, information)], LOADER)
        (folder / "rom").write_bytes(rom)
        (folder / "disk").write_bytes(disk.ljust(-(-len(disk) // CYLINDER) * CYLINDER, b"\0"))
        (folder / "vga").write_bytes(b"\x55\xaa\x01".ljust(512, b"\0"))
        (folder / "rc").write_text("\n".join([
            "display_library: nogui", f"megs: {MEGABYTES}", f"romimage: file={folder}/rom",
            f"vgaromimage: file={folder}/vga", "com1: enabled=1, mode=file, dev=/dev/stdout",
            "cpu: model=corei7_skylake_x, count=1, reset_on_triple_fault=0, ips=100000000",
            "clock: sync=none", "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
            f"ata0-master: type=disk, mode=flat, path={folder}/disk, cylinders=0, heads=16, spt=63",
            "boot: floppy", "floppy_bootsig_check: disabled=1", "speaker: enabled=0",
            "log: /dev/null", "panic: action=fatal", "error: action=ignore",
            "info: action=ignore", ""]), encoding="utf-8")

    def command(self):
        return [self.program, "-q", "-f", str(self.folder / "rc")]


def qemu(program, machine, kernel, initrd):
    return [program, "-machine", machine, "-accel", "tcg", "-cpu", "max,la57=off", "-m",
            str(MEGABYTES), "-kernel", str(kernel), "-initrd", str(initrd), "-append", COMMAND_LINE,
            "-display", "none", "-nodefaults", "-no-reboot", "-serial", "stdio"]


def processor_seconds(pid):
    """User and system time of a process so far. proc(5): fields 14 and 15 of stat"""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def time_boot(command):
    """Processor and wall seconds until init speaks."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    process.stdin.write(b"continue\n" if "bochs" in command[0] else b"")
    process.stdin.flush()
    seen, loading = b"", (0.0, 0.0)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while MARK not in seen:
            ready = selector.select(start + TIMEOUT - time.monotonic())
            data = os.read(process.stdout.fileno(), 65536) if ready else b""
            if not data:
                break
            seen += data
            if seen.startswith(LOADED) and loading == (0.0, 0.0):
                loading = (processor_seconds(process.pid), time.monotonic() - start)
    wall = time.monotonic() - start - loading[1]
    process.kill()
    used = os.wait4(process.pid, 0)[2]
    process.returncode = 0
    if MARK not in seen:
        sys.exit(f"boot.py: {' '.join(map(str, command))}: no init after {wall:.0f} s:\n"
                 + seen[-2000:].decode("latin-1"))
    return used.ru_utime + used.ru_stime - loading[0], wall


def instructions(command):
    """What undervisor counts until the machine is off, which init does at once."""
    done = subprocess.run([*command[:2], "--stats", *command[2:]], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return int(re.search(r"^instructions: (\d+)", done.stderr, re.M).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[2], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("cache", type=pathlib.Path)
    parser.add_argument("--bochs", default=os.environ.get("BOCHS"))
    parser.add_argument("--qemu", default="qemu-system-x86_64")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--packed", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    options.cache.mkdir(exist_ok=True)
    try:
        image = pathlib.Path(initramfs.kernel(str(options.cache))).resolve()
        initrd = pathlib.Path(initramfs.build(str(options.cache), initramfs.INIT_OFF,
                                              file_name="initramfs-off")).resolve()
    except initramfs.Unavailable as reason:
        print(f"SKIP: {reason}")
        return 77

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        kernel = image
        if not options.packed:
            kernel = folder / "vmlinux"
            kernel.write_bytes(payload(image))
        # Ours unpacks by itself, as part of its time.
        ours = [str(options.build / "tools" / "undervisor"), "run", "--memory", f"{MEGABYTES}M",
                "--kernel-decompress", "guest" if options.packed else "loader", "--initrd",
                str(initrd), "--append", COMMAND_LINE, str(image)]
        commands = {"undervisor": ours}
        if options.packed:
            commands["own loader"] = ["loader" if word == "guest" else word for word in ours]
        for machine in ("pc", "microvm"):
            commands[f"TCG {machine}"] = qemu(options.qemu, machine, kernel, initrd)
        if options.bochs:
            commands["Bochs"] = Bochs(options.bochs, options.build, folder, kernel, initrd,
                                      options.packed).command()
        times = {name: [] for name in commands}
        for _ in range(options.rounds):
            for machine, command in commands.items():
                times[machine].append(time_boot(command))
    report = {"instructions": instructions(ours), "seconds": {}}
    base = statistics.median(used for used, _ in times["undervisor"])
    print(f"{report['instructions'] / 1e9:.2f} G instructions on undervisor")
    print(f"{'':<12}{'processor s':>12}{'wall s':>10}{'/ undervisor':>14}")
    for machine, pairs in times.items():
        used, wall = (statistics.median(values) for values in zip(*pairs))
        report["seconds"][machine] = {"processor": used, "wall": wall}
        print(f"{machine:<12}{used:>12.2f}{wall:>10.2f}{used / base:>14.2f}")
    if options.json:
        options.json.write_text(json.dumps(report, indent="\t") + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
