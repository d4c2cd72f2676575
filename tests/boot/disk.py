# SPDX-License-Identifier: MIT
"""An ext4 image as three disks of Debian's kernel, whose own modules mount it, read, write.

One is not to change on the host, one is, and one is read-only. The image is made here, with the same
bytes each time; so is the initramfs.
"""

import hashlib
import os
import shutil
import struct
import subprocess

import initramfs
import modules

guest = initramfs.guest

MODULES = ("virtio_mmio", "virtio_blk", "virtio_rng", "virtio_console", "crc32c_generic", "ext4")
SIZE = 8 << 20
UUID = "6d8a9b3c-0b1e-4f7a-9a39-57a7b1c0ffee"
NOW = "1767225600"  # 1 January 2026, as in the guest
WRITTEN = "".join(f"{i}\n" for i in range(1, 20001)).encode()

INIT = initramfs.PREPARE + """echo "UDV init"
for module in $(cat /modules/order); do insmod /modules/$module.ko || echo "UDV no $module"; done
cd /sys/block
for disk in vd*; do echo "UDV $disk $(cat $disk/size) $(cat $disk/serial) $(cat $disk/ro)"; done
cd /
for disk in vda vdb; do
	mount -t ext4 /dev/$disk /mnt && echo "UDV $disk mounted"
	echo "UDV $disk found $(sha256sum </mnt/folder/found)"
	seq 1 20000 >/mnt/written && rm /mnt/removed && sync
	umount /mnt && mount -t ext4 /dev/$disk /mnt
	echo "UDV $disk written $(sha256sum </mnt/written)"
	ls /mnt/removed 2>/dev/null && echo "UDV $disk not removed"
	umount /mnt
done
echo "UDV vdc begins $(head -c 65536 /dev/vdc | sha256sum)"
dd if=/dev/zero of=/dev/vdc bs=4096 count=1 2>/dev/null && echo "UDV vdc written"
echo "UDV entropy $(cat /sys/class/misc/hw_random/rng_current) $(head -c 512 /dev/hwrng | wc -c)"
echo "UDV hello" >/dev/hvc0
dmesg -r | sed -n 's/^<[0-4]>/UDV problem &/p'
echo "UDV end"
poweroff -f
"""


def find_tool(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/sbin:/usr/sbin")
    if not path:
        raise guest.Unavailable(f"no {name}: it is in Debian's e2fsprogs")
    return path


def run_tool(name, *words):
    """(status, standard output) of a program of e2fsprogs, whose clock stands still."""
    environment = dict(os.environ, E2FSPROGS_FAKE_TIME=NOW, E2FSCK_TIME=NOW, LC_ALL="C")
    done = subprocess.run([find_tool(name), *words], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def found():
    """A quarter of a megabyte that is not compressible, and not the same anywhere."""
    blocks = (hashlib.sha512(struct.pack("<I", i)).digest() for i in range(4096 + 3))
    return b"".join(blocks) + b"odd"


def make_image(cache):
    """The path of a new image."""
    path, folder = os.path.join(cache, "disk.img"), os.path.join(cache, "disk")
    os.makedirs(os.path.join(folder, "folder"), exist_ok=True)
    for name, data in (("folder/found", found()), ("removed", b"to be removed\n" * 5000)):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
        os.utime(os.path.join(folder, name), (int(NOW), int(NOW)))
    with open(path, "wb") as file:
        file.truncate(SIZE)
    status, _, errors = run_tool("mke2fs", "-q", "-F", "-t", "ext4", "-U", UUID, "-E",
                                 f"hash_seed={UUID}", "-d", folder, path)
    if status:
        raise guest.Unavailable(f"mke2fs: {errors}")
    return path


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def make_initramfs(cache):
    folder, script, plain = 0o40755, 0o100755, 0o100644
    loaded = modules.load(cache, MODULES)
    entries = [(name, folder, b"", (0, 0))
               for name in ("bin", "dev", "proc", "sys", "mnt", "modules")]
    entries += [
        ("dev/console", 0o20600, b"", (5, 1)),
        ("bin/busybox", script, guest.busybox(cache), (0, 0)),
        ("init", script, INIT.encode(), (0, 0)),
        ("modules/order", plain, "\n".join(loaded).encode(), (0, 0)),
    ]
    entries += [(f"modules/{name}.ko", plain, data, (0, 0)) for name, data in loaded.items()]
    path = os.path.join(cache, "initramfs-disk")
    with open(path, "wb") as file:
        file.write(guest.cpio(entries))
    return path


def expected(original):
    """What the guest says of itself."""
    def digest(data):
        return hashlib.sha256(data).hexdigest() + "  -"
    sectors = SIZE // 512
    yield "init"
    for number, read_only in enumerate((0, 0, 1)):
        yield f"vd{'abc'[number]} {sectors} undervisor-{number} {read_only}"
    for disk in ("vda", "vdb"):
        yield f"{disk} mounted"
        yield f"{disk} found {digest(found())}"
        yield f"{disk} written {digest(WRITTEN)}"
    yield f"vdc begins {digest(original[:65536])}"
    yield "entropy virtio_rng.0 512"
    yield "end"


def problems(original, images, said, hvc):
    """What is not as it must be after a run: vda as it was, vdb as the guest left it, vdc as it was."""
    if said != list(expected(original)):
        yield f"said {said}, not {list(expected(original))}"
    if contents(hvc).replace(b"\r", b"") != b"UDV hello\n":
        yield f"hvc0 has {contents(hvc)}"
    if contents(images[0]) != original:
        yield "the image has changed without ,write"
    if contents(images[2]) != original:
        yield "the image has changed with ,readonly"
    status, output, errors = run_tool("e2fsck", "-fn", images[1])
    if status:
        yield f"e2fsck: status {status}\n{output.decode()}{errors}"
    status, output, _ = run_tool("debugfs", "-R", "cat /written", images[1])
    if status or output != WRITTEN:
        yield "/written is not in the image"
    _, output, _ = run_tool("debugfs", "-R", "ls -p /", images[1])
    if b"/removed/" in output or b"/written/" not in output:
        yield f"the image's folder is {output.decode()}"


def prepare(cache):
    """(initramfs, the disks' images, what is in each)."""
    images = [make_image(cache)]
    original = contents(images[0])
    for name in ("disk-write.img", "disk-readonly.img"):
        images.append(os.path.join(cache, name))
        shutil.copyfile(images[0], images[-1])
    return make_initramfs(cache), images, original


def check(prepared, boot, hvc):
    """@boot(initrd, options) gives the console of a boot that ended well. A list of problems."""
    initrd, images, original = prepared
    console = boot(initrd, [
        "--disk", images[0], "--disk", images[1] + ",write", "--disk", images[2] + ",readonly",
        "--virtio-console", f"file:{hvc}"])
    said = [line[4:] for line in console.splitlines()
            if line.startswith("UDV ") and not line.startswith("UDV problem")]
    return list(problems(original, images, said, hvc))
