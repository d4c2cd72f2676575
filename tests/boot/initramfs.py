# SPDX-License-Identifier: MIT
"""Debian's kernel and an initramfs of busybox, the same bytes every time.

Nothing is installed: packages are fetched into a cache directory and unpacked there.
"""

import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "real"))

import guest  # noqa: E402

Unavailable = guest.Unavailable

PREPARE = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
export PATH=/bin
busybox --install -s /bin
"""

# Ends at once: for measuring.
INIT_OFF = PREPARE + """echo "UDV init"
poweroff -f
"""

INIT_RESET = PREPARE + """echo "UDV init"
reboot -f
"""

INIT_TESTS = PREPARE + """echo "UDV init"
echo "UDV cpus $(nproc)"
/bin/vectors
echo "UDV hash $(seq 1 20000 | sha256sum)"
echo "UDV awk $(echo 1 | awk '{ printf "%.6f", $1 / 7 }')"
echo "UDV gzip $(seq 1 5000 | gzip | gunzip | md5sum)"
memtester 64K 1 >/tmp/memtester
echo "UDV memtester $? $(grep -c ': .*ok' /tmp/memtester)"
for kind in 0 1 2; do echo "UDV xxhsum $(seq 1 20000 | xxhsum -H$kind)"; done
echo "UDV date $(date -u +%Y)"
sleep 2
dmesg -r | sed -n 's/^<[0-4]>/UDV problem &/p'
echo "UDV end"
poweroff -f
"""

# A shell on the console, and power-off when it ends.
INIT_SHELL = PREPARE + """echo "UDV init"
setsid cttyhack sh
poweroff -f
"""


def kernel(cache):
    """The path of the kernel's image, unpacked into the cache."""
    deb = guest.download(guest.kernel_package(), cache)
    path = os.path.join(cache, os.path.basename(deb) + ".vmlinuz")
    if not os.path.exists(path):
        files = guest.unpack(deb, lambda name: name.startswith("boot/vmlinuz-"))
        if not files:
            raise Unavailable(f"no kernel in {deb}")
        with open(path + ".new", "wb") as file:
            file.write(next(iter(files.values())))
        os.rename(path + ".new", path)
    return path


def vectors(cache):
    """The test program, a static one."""
    path = os.path.join(cache, "vectors")
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        raise Unavailable("no C compiler")
    guest.run([compiler, "-static", "-O2", "-mavx2", "-o", path, str(HERE / "vectors.c"), "-lm"])
    with open(path, "rb") as file:
        return file.read()


LIBRARIES = "lib/x86_64-linux-gnu"
# Debian's: programs that test memory, and that hash with what vector instructions there are.
PROGRAMS = {
    "memtester": r"usr/sbin/memtester",
    "xxhash": r"usr/bin/xxhsum",
    "libxxhash0": r"usr/lib/x86_64-linux-gnu/libxxhash\.so\.0",
    "libc6": r"(?:usr/)?lib/x86_64-linux-gnu/(?:ld-linux-x86-64\.so\.2|libc\.so\.6)",
}


def programs(cache):
    """{name: bytes} of those programs, their libraries and their loader."""
    files = {}
    for package, pattern in PROGRAMS.items():
        deb = guest.download(package, cache)
        found = guest.unpack(deb, lambda name, pattern=pattern: re.match(pattern, name))
        if not found:
            raise Unavailable(f"{deb} does not hold {pattern}")
        for path, data in found.items():
            files[re.sub(r"(\.so\.\d+)\..*", r"\1", os.path.basename(path))] = data
    return files


def xxhsum_here(cache, text):
    """What this machine's processor gives for the lines of xxhsum, or None: it is none of that kind."""
    if platform.machine() != "x86_64":
        return None
    folder = pathlib.Path(cache).resolve() / "programs"
    folder.mkdir(exist_ok=True)
    for name, data in programs(cache).items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o755)
    start = [str(folder / "ld-linux-x86-64.so.2"), "--library-path", str(folder),
             str(folder / "xxhsum")]
    return [subprocess.run([*start, f"-H{kind}"], input=text, capture_output=True, check=True,
                           text=True).stdout.strip() for kind in range(3)]


def build(cache, init, with_vectors=False, file_name="initramfs"):
    """The path of an initramfs whose process 1 is the script @init."""
    folder, script = 0o40755, 0o100755
    entries = [(name, folder, b"", (0, 0)) for name in ("bin", "dev", "proc", "sys", "tmp")]
    entries += [
        ("dev/console", 0o20600, b"", (5, 1)),
        ("bin/busybox", script, guest.busybox(cache), (0, 0)),
        ("init", script, init.encode(), (0, 0)),
    ]
    if with_vectors:
        entries.append(("bin/vectors", script, vectors(cache), (0, 0)))
        entries += [(name, folder, b"", (0, 0)) for name in ("lib64", "lib", LIBRARIES)]
        for name, data in programs(cache).items():
            place = "lib64" if name.startswith("ld-") else LIBRARIES if ".so" in name else "bin"
            entries.append((f"{place}/{name}", script, data, (0, 0)))
    path = os.path.join(cache, file_name)
    with open(path, "wb") as file:
        file.write(guest.cpio(entries))
    return path


def main():
    """initramfs.py CACHE tests|off|shell: makes them, and prints both paths."""
    scripts = {"tests": INIT_TESTS, "off": INIT_OFF, "shell": INIT_SHELL}
    if len(sys.argv) != 3 or sys.argv[2] not in scripts:
        sys.exit(main.__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    try:
        print(kernel(sys.argv[1]))
        print(build(sys.argv[1], scripts[sys.argv[2]], sys.argv[2] == "tests"))
    except Unavailable as reason:
        print(f"SKIP: {reason}", file=sys.stderr)
        sys.exit(77)


if __name__ == "__main__":
    main()
