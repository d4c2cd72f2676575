# SPDX-License-Identifier: MIT
"""Debian's QEMU as files for an initramfs: the program, its libraries and its ROMs.

Nothing is installed: the packages that apt's lists of today resolve to are fetched into the cache and
unpacked there.
"""

import os
import re
import shutil

import initramfs

guest = initramfs.guest

PACKAGES = ("qemu-system-x86", "qemu-system-data", "seabios")
PROGRAM = "usr/bin/qemu-system-x86_64"
LOADER = "lib64/ld-linux-x86-64.so.2"
LIBRARIES = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
# Firmware of the machines, microvm's being qboot: SeaBIOS for it, of the same name, opens LINT0 to a PIC
# that nobody programs, and the PIT's first interrupt is then vector 0, on QEMU's TCG too. And what starts a
# kernel there: bzImage or PVH.
ROMS = ("usr/share/seabios/bios-256k.bin", "usr/share/qemu/bios-microvm.bin",
        "usr/share/qemu/linuxboot_dma.bin", "usr/share/qemu/pvh.bin", "usr/share/qemu/kvmvapic.bin")

IS_LIBRARY = re.compile(r"lib|zlib")


def wanted_packages():
    """PACKAGES, and the libraries that they, and libraries, depend on."""
    text = guest.run(["apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
                      "--no-breaks", "--no-replaces", "--no-enhances", PACKAGES[0]])
    depends, package = {}, None
    for line in text.splitlines():
        if not line.startswith(" "):
            package = line
        elif "epends: " in line and "<" not in line:
            depends.setdefault(package, []).append(line.split(": ")[1])
    if PACKAGES[0] not in depends:
        raise guest.Unavailable(f"apt knows no {PACKAGES[0]}; try apt-get update")
    found, todo = set(PACKAGES), list(PACKAGES)
    while todo:
        for name in depends.get(todo.pop(), ()):
            if IS_LIBRARY.match(name) and name not in found:
                found.add(name)
                todo.append(name)
    return sorted(found)


def download(packages, cache):
    """The paths of the packages' current .deb files."""
    wanted = {}
    for line in guest.run(["apt-get", "download", "--print-uris", *packages]).splitlines():
        _, name, size, *_ = line.split()
        wanted[os.path.join(cache, name)] = int(size)
    missing = [path for path, size in wanted.items() if not os.path.exists(path) or os.path.getsize(path) != size]
    if missing:
        names = [os.path.basename(path).split("_")[0] for path in missing]
        guest.run(["apt-get", "download", *names], cwd=cache, timeout=600)
    gone = [path for path in wanted if not os.path.exists(path)]
    if gone or len(wanted) != len(packages):
        raise guest.Unavailable(f"apt-get download left no {' '.join(gone) or 'package'}")
    return sorted(wanted)


def unpack(debs, root):
    """All of the packages under @root, unless that is what is there."""
    stamp, made = os.path.join(root, "packages"), "\n".join(map(os.path.basename, debs))
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as file:
            if file.read() == made:
                return
    shutil.rmtree(root, ignore_errors=True)
    for deb in debs:
        guest.run(["dpkg-deb", "-x", deb, root])
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(made)


def needed(path):
    """The names of the libraries that a program or a library asks for."""
    return re.findall(r"\(NEEDED\).*\[(.*)\]", guest.run(["readelf", "-d", path]))


def libraries(root):
    """{name: path} of all libraries that the program needs."""
    found, todo = {}, needed(os.path.join(root, PROGRAM))
    while todo:
        name = todo.pop()
        if name in found or name == os.path.basename(LOADER):
            continue
        paths = [os.path.join(root, folder, name) for folder in LIBRARIES]
        path = next(filter(os.path.exists, paths), None)
        if not path:
            raise guest.Unavailable(f"no package has {name}")
        found[name] = path
        todo += needed(path)
    return found


def read(path):
    with open(path, "rb") as file:
        return file.read()


def files(cache):
    """[(path, bytes)] in an initramfs."""
    root = os.path.join(cache, "qemu-root")
    folder = os.path.join(cache, "qemu-packages")
    os.makedirs(folder, exist_ok=True)
    unpack(download(wanted_packages(), folder), root)
    paths = {PROGRAM: PROGRAM, **{rom: rom for rom in ROMS}}
    entries = [(name, read(os.path.join(root, path))) for name, path in paths.items()]
    entries += [(f"{LIBRARIES[0]}/{name}", read(path)) for name, path in sorted(libraries(root).items())]
    loader = next(filter(os.path.exists, (os.path.join(root, path) for path in (
        LOADER, f"{LIBRARIES[0]}/{os.path.basename(LOADER)}"))), None)
    if not loader:
        raise guest.Unavailable("libc6 holds no loader")
    return [*entries, (LOADER, read(loader))]
