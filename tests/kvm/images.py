# SPDX-License-Identifier: MIT
"""Debian's kernel with its KVM, and what runs under it: initramfs files, programs, an L2 kernel.

images.py CACHE makes what docs/recipes.md pastes, and prints the paths.
"""

import gzip
import lzma
import os
import pathlib
import shutil
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "boot"))

import initramfs  # noqa: E402
import modules  # noqa: E402
import qemu_files  # noqa: E402

guest = initramfs.guest
Unavailable = initramfs.Unavailable

FOLDER, SCRIPT, PLAIN = 0o40755, 0o100755, 0o100644
FOLDERS = ("bin", "dev", "proc", "sys", "tmp", "modules", "l2")

PROGRAMS = {
    "pieces": ("pieces.c", "vm.c", "code.S"),
    "vmm": ("vmm.c", "uart.c", "vm.c"),
}

LOAD = """echo "UDV init"
for module in $(cat /modules/order); do insmod /modules/$module.ko || echo "UDV no $module"; done
"""
COMPLAINTS = """dmesg -r | sed -n 's/^<[0-4]>/UDV problem &/p'
"""
PARAMETERS = """cd /sys/module/kvm_intel/parameters
for name in *; do echo "UDV parameter $name $(cat $name)"; done
cd /
"""
# L2: its own KVM, with a guest, and then a shell.
INIT_L2 = initramfs.PREPARE + LOAD.replace("UDV", "UDV2") + """pieces | sed 's/^UDV/UDV2/'
dmesg -r | sed -n 's/^<[0-4]>/UDV2 problem &/p'
export PS1='# '
setsid cttyhack sh
echo "UDV2 end"
reboot -f
"""
INIT_L2_OFF = initramfs.PREPARE + """echo "UDV2 init"
reboot -f
"""
INIT_L1 = initramfs.PREPARE + LOAD + """vmm /l2/vmlinux /l2/initramfs "$(cat /l2/cmdline)" </l2/input
""" + COMPLAINTS + """echo "UDV end"
poweroff -f
"""
# L2 by QEMU: the shell says when it reads, and a line is typed then.
INIT_L2_QEMU = INIT_L2.replace("export PS1='# '", "export PS1='UDV2 prompt\\n'")
INIT_QEMU = initramfs.PREPARE + LOAD + """mkfifo /tmp/typed /tmp/console
@QEMU@ </tmp/typed >/tmp/console 2>&1 &
exec 3</l2/input 4>/tmp/typed
while read -r line; do
	echo "$line"
	case $line in
	*"UDV2 prompt"*) read -r typed <&3 && echo "$typed" >&4 ;;
	esac
done </tmp/console
wait $!
echo "UDV ended $?"
""" + COMPLAINTS + """echo "UDV end"
poweroff -f
"""
QEMU_OPTIONS = ("-accel kvm -cpu host -m 256 -nodefaults -no-user-config -display none -no-reboot "
                "-serial stdio -initrd /l2/initramfs")
# A machine, its kernel and the kernel's command line.
QEMU_MACHINES = {
    "pc": ("-M pc -kernel /l2/vmlinuz", "console=ttyS0,115200"),
    "microvm": ("-M microvm,rtc=on -kernel /l2/vmlinux", "console=ttyS0,115200 reboot=t"),
}
# What is typed into the shell.
TYPED = """echo "UDV2 sum $((6 * 7)) $(uname -r)"
exit
"""
L2_CMDLINE = b"console=ttyS0,115200 acpi=off pci=off reboot=t"
INIT_PIECES = initramfs.PREPARE + LOAD + PARAMETERS + "pieces\n" + COMPLAINTS + """echo "UDV end"
poweroff -f
"""

# KVM without one thing after the other that the processor has, and with its other MMU.
VARIANTS = ("unrestricted_guest=0", "ept=0", "ept=0 vpid=0 enable_apicv=0", "enable_apicv=0", "flexpriority=0",
            "pml=0", "eptad=0", "vnmi=0", "nested=0")
INIT_VARIANTS = initramfs.PREPARE + LOAD + """while read words; do
	rmmod kvm_intel
	insmod /modules/kvm_intel.ko $words || echo "UDV refused"
	echo "UDV with $words"
	pieces
done <<END
""" + "\n".join(VARIANTS) + """
END
rmmod kvm_intel
rmmod kvm
insmod /modules/kvm.ko tdp_mmu=0
insmod /modules/kvm_intel.ko
echo "UDV with tdp_mmu=0"
pieces
""" + COMPLAINTS + """echo "UDV end"
poweroff -f
"""


def program(cache, name):
    """One of PROGRAMS, a static one."""
    path = os.path.join(cache, name)
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        raise Unavailable("no C compiler")
    sources = [str(HERE / source) for source in PROGRAMS[name]]
    guest.run([compiler, "-static", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror",
               "-pthread", "-o", path, *sources])
    with open(path, "rb") as file:
        return file.read()


def vmlinux(cache):
    """The ELF image in Debian's kernel, for a VMM that unpacks nothing: what is loaded, and no more."""
    with open(initramfs.kernel(cache), "rb") as file:
        image = file.read()
    offset, size = struct.unpack_from("<II", image, 0x248)
    begins = (image[0x1f1] + 1) * 512 + offset
    try:
        elf = lzma.LZMADecompressor().decompress(image[begins:begins + size])
    except lzma.LZMAError as error:
        raise Unavailable(f"the kernel is packed in another way: {error}") from None
    headers, = struct.unpack_from("<Q", elf, 32)
    count, = struct.unpack_from("<H", elf, 56)
    ends = 0
    for i in range(count):
        at, length = struct.unpack_from("<Q16xQ", elf, headers + 56 * i + 8)
        ends = max(ends, at + length)
    return elf[:ends]


def build(cache, name, init, programs=("pieces",), names=("kvm_intel",), more=()):
    """The path of an initramfs with KVM's modules and @programs, whose process 1 is the script @init."""
    loaded = modules.load(cache, names)
    parents = {str(parent) for file, _ in more for parent in pathlib.PurePath(file).parents} - {".", *FOLDERS}
    entries = [(folder, FOLDER, b"", (0, 0)) for folder in (*FOLDERS, *sorted(parents))]
    entries += [
        ("dev/console", 0o20600, b"", (5, 1)),
        ("bin/busybox", SCRIPT, guest.busybox(cache), (0, 0)),
        ("init", SCRIPT, init.encode(), (0, 0)),
        ("modules/order", PLAIN, "\n".join(loaded).encode(), (0, 0)),
    ]
    entries += [(f"modules/{module}.ko", PLAIN, data, (0, 0)) for module, data in loaded.items()]
    entries += [(f"bin/{word}", SCRIPT, program(cache, word), (0, 0)) for word in programs]
    entries += [(file, SCRIPT if data.startswith(b"\x7fELF") else PLAIN, data, (0, 0)) for file, data in more]
    path = os.path.join(cache, name)
    with open(path, "wb") as file:
        file.write(guest.cpio(entries))
    return path


def build_bench(cache, init, with_linux):
    """The initramfs of bench/kvm.py, packed: on Bochs a BIOS has to load it."""
    programs, more = ("pieces",), []
    if with_linux:
        inner = build(cache, "initramfs-l2-off", INIT_L2_OFF, programs=(), names=())
        with open(inner, "rb") as file:
            more = [("l2/vmlinux", vmlinux(cache)), ("l2/initramfs", file.read()), ("l2/cmdline", L2_CMDLINE)]
        programs = ("pieces", "vmm")
    path = build(cache, "initramfs-bench", init, programs=programs, more=more)
    with open(path, "rb") as file:
        data = gzip.compress(file.read(), 6, mtime=0)
    with open(path, "wb") as file:
        file.write(data)
    return path


def build_linux(cache):
    """The initramfs of an L1 that starts an L2 Linux, whose shell reads TYPED."""
    inner = build(cache, "initramfs-l2", INIT_L2)
    with open(inner, "rb") as file:
        more = [("l2/vmlinux", vmlinux(cache)), ("l2/initramfs", file.read()),
                ("l2/cmdline", L2_CMDLINE), ("l2/input", TYPED.encode())]
    return build(cache, "initramfs-kvm-l2", INIT_L1, programs=("vmm",), more=more)


def build_qemu(cache, machine):
    """The initramfs of an L1 where QEMU starts an L2 Linux on @machine, whose shell reads TYPED."""
    options, cmdline = QEMU_MACHINES[machine]
    inner = build(cache, "initramfs-l2-qemu", INIT_L2_QEMU)
    with open(inner, "rb") as file:
        more = [("l2/initramfs", file.read()), ("l2/input", TYPED.encode())]
    if "vmlinux" in options:
        more.append(("l2/vmlinux", vmlinux(cache)))
    else:
        with open(initramfs.kernel(cache), "rb") as file:
            more.append(("l2/vmlinuz", file.read()))
    command = f"/{qemu_files.PROGRAM} {QEMU_OPTIONS} {options} -append '{cmdline}'"
    return build(cache, f"initramfs-kvm-{machine}", INIT_QEMU.replace("@QEMU@", command), programs=(),
                 more=[*more, *qemu_files.files(cache)])
