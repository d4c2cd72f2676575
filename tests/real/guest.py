# SPDX-License-Identifier: MIT
"""The guest of the real-input test: Debian's kernel, a busybox initramfs, both made without root.

Nothing is installed. Packages are fetched with apt into a cache directory, and of the kernel
package only the image and a few modules are unpacked.
"""

import lzma
import os
import re
import shutil
import stat
import struct
import subprocess
import tarfile

import userprog

# Small modules without dependencies: they give the module area pages of every kind of right.
MODULES = ("loop", "dummy", "fat")

# Runs as process 1: loads the modules, starts the user program, tells where things are.
INIT = """#!/bin/busybox sh
bb=/bin/busybox
$bb mount -t proc proc /proc
echo 1 > /proc/sys/kernel/kptr_restrict
for module in /modules/*.ko; do $bb insmod $module; done
program=/bin/user4
$bb grep -qw la57 /proc/cpuinfo && program=/bin/user5
$bb mkfifo /pipe
$program > /pipe &
read line < /pipe
[ "$line" = ready ] || exit 1
$bb sed -n 's/^/UDV module /p' /proc/modules
$bb grep -E ' (_text|_etext|_end|page_offset_base|vmalloc_base|vmemmap_base)$' /proc/kallsyms |
	$bb sed 's/^/UDV symbol /'
$bb sed 's/^/UDV map /' /proc/$!/maps
echo "UDV $line"
exec $bb sleep 1000000
"""


class Unavailable(Exception):
    """Something the test needs cannot be had here; the test is skipped."""


def run(command, **kwargs):
    """The standard output of a command, or Unavailable."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, **kwargs)
    except FileNotFoundError:
        raise Unavailable(f"no {command[0]}") from None
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.strip()]
        reason = lines[-1] if lines else f"status {error.returncode}"
        raise Unavailable(f"{' '.join(command)}: {reason}") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{' '.join(command)}: timed out") from None
    return done.stdout


def download(package, cache):
    """Path of the package's current .deb in the cache; fetched unless it is there already."""
    try:
        # 'URI' FILE SIZE HASH
        fields = run(["apt-get", "download", "--print-uris", package]).split()
        if len(fields) < 3:
            raise Unavailable(f"apt knows no {package}; try apt-get update")
        path = os.path.join(cache, os.path.basename(fields[1]))
        if not os.path.exists(path) or os.path.getsize(path) != int(fields[2]):
            run(["apt-get", "download", package], cwd=cache, timeout=300)
        if not os.path.exists(path):
            raise Unavailable(f"apt-get download {package} left no {fields[1]}")
        return path
    except Unavailable:
        kept = [name for name in os.listdir(cache)
                if name.startswith(package + "_") and name.endswith(".deb")]
        if not kept:
            raise
        return max((os.path.join(cache, name) for name in kept), key=os.path.getmtime)


def kernel_package():
    """The package that linux-image-amd64 stands for today."""
    depends = run(["apt-cache", "depends", "linux-image-amd64"])
    found = re.search(r"Depends: (linux-image-\S+-amd64)\b", depends)
    if not found:
        raise Unavailable("apt knows no linux-image-amd64; try apt-get update")
    return found.group(1)


def unpack(deb, wanted):
    """The files of a package for which wanted(path) is true: {path: bytes}."""
    files = {}
    try:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as tar:
            with tarfile.open(fileobj=tar.stdout, mode="r|") as archive:
                for member in archive:
                    name = member.name.removeprefix("./")
                    if member.isfile() and wanted(name):
                        files[name] = archive.extractfile(member).read()
    except FileNotFoundError:
        raise Unavailable("no dpkg-deb") from None
    except tarfile.TarError as error:
        raise Unavailable(f"{deb}: {error}") from None
    return files


def static_x86_64(data):
    """True for an x86-64 ELF executable without an interpreter."""
    if data[:5] != b"\x7fELF\x02" or struct.unpack_from("<H", data, 18)[0] != 62:
        return False
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return all(struct.unpack_from("<I", data, offset + i * size)[0] != 3 for i in range(count))


def busybox(cache):
    """The contents of a static busybox."""
    installed = shutil.which("busybox")
    if installed:
        with open(installed, "rb") as file:
            data = file.read()
        if static_x86_64(data):
            return data
    files = unpack(download("busybox-static", cache), lambda name: name.endswith("bin/busybox"))
    for data in files.values():
        if static_x86_64(data):
            return data
    raise Unavailable("no static x86-64 busybox")


def cpio(entries):
    """A cpio archive in the kernel's "newc" format of (path, mode, contents, rdev) entries."""
    out = bytearray()

    def pad():
        out.extend(bytes(-len(out) % 4))

    trailer = ("TRAILER!!!", 0, b"", (0, 0))
    for inode, (path, mode, data, rdev) in enumerate([*entries, trailer], start=1):
        name = path.encode() + b"\0"
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(name), 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name
        pad()
        out += data
        pad()
    return bytes(out)


def initramfs(box, modules):
    """The initramfs: busybox, the modules, and INIT."""
    entries = [(path, stat.S_IFDIR | 0o755, b"", (0, 0))
               for path in ("bin", "dev", "proc", "modules")]
    entries.append(("dev/console", stat.S_IFCHR | 0o600, b"", (5, 1)))
    entries.append(("dev/null", stat.S_IFCHR | 0o666, b"", (1, 3)))
    entries.append(("bin/busybox", stat.S_IFREG | 0o755, box, (0, 0)))
    entries.append(("init", stat.S_IFREG | 0o755, INIT.encode(), (0, 0)))
    for levels in userprog.BASES:
        program = userprog.program(levels)
        entries.append((f"bin/user{levels}", stat.S_IFREG | 0o755, program, (0, 0)))
    for name, data in modules.items():
        entries.append((f"modules/{name}.ko", stat.S_IFREG | 0o644, data, (0, 0)))
    return cpio(entries)


def prepare(cache, work):
    """Writes kernel and initramfs into the directory @work; returns (kernel, initrd, release)."""
    os.makedirs(cache, exist_ok=True)
    wanted = re.compile(r"boot/vmlinuz-.*|.*/(%s)\.ko(\.xz)?" % "|".join(MODULES))
    try:
        package = kernel_package()
    except Unavailable:
        kept = sorted(name for name in os.listdir(cache) if name.startswith("linux-image-"))
        if not kept:
            raise
        package = kept[-1].split("_")[0]
    files = unpack(download(package, cache), lambda name: wanted.fullmatch(name) is not None)

    kernel = os.path.join(work, "vmlinuz")
    initrd = os.path.join(work, "initrd")
    modules = {}
    release = None
    for name, data in files.items():
        if name.startswith("boot/"):
            release = os.path.basename(name).removeprefix("vmlinuz-")
            with open(kernel, "wb") as file:
                file.write(data)
        else:
            data = lzma.decompress(data) if name.endswith(".xz") else data
            modules[os.path.basename(name).split(".")[0]] = data
    if release is None or set(modules) != set(MODULES):
        raise Unavailable(f"{package} holds not all of vmlinuz, {', '.join(MODULES)}")
    with open(initrd, "wb") as file:
        file.write(initramfs(busybox(cache), modules))
    return kernel, initrd, release
