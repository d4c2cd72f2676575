# SPDX-License-Identifier: MIT
"""Modules of Debian's kernel, with all that they need."""

import lzma
import os
import re

import initramfs

guest = initramfs.guest

FOLDERS = re.compile(
    r".*/(?:drivers/(?:virtio|block|char)|fs|lib|crypto|arch/x86/(?:crypto|kvm))/.*\.ko(?:\.xz)?")


def depends(module):
    """Which modules a module says that it needs."""
    found = re.search(rb"(?:^|\0)depends=([^\0]*)\0", module)
    return [name.replace("-", "_") for name in found[1].decode().split(",") if name]


def load(cache, names):
    """{name: bytes} of @names and all that they need, in an order to load them."""
    package = guest.download(guest.kernel_package(), cache)
    files = guest.unpack(package, lambda name: FOLDERS.fullmatch(name) is not None)
    known = {os.path.basename(path).split(".")[0].replace("-", "_"): path for path in files}
    ordered = {}

    def add(name):
        if name in ordered:
            return
        if name not in known:
            raise guest.Unavailable(f"{package} holds no {name}")
        data = files[known[name]]
        data = lzma.decompress(data) if known[name].endswith(".xz") else data
        for other in depends(data):
            add(other)
        ordered[name] = data

    for name in names:
        add(name)
    return ordered
