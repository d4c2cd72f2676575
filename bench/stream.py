#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Walks per second of `undervisor walk` in streaming mode over a 1-GByte raw image.

usage: stream.py UNDERVISOR [WALKS]

The image is sparse, its pages mapped at random: 4-level guest paging, and the same behind a 4-level
EPT. Addresses come from a file on standard input, results go to a file.
"""
import os
import random
import struct
import subprocess
import sys
import tempfile
import time

SIZE = 1 << 30
PAGES = 1 << 16
EPT_BASE = 512 << 20  # EPT's tables in the upper half, the guest's in the lower


class Tables:
    def __init__(self, image, first_page):
        self.image, self.next_page = image, first_page
        self.pages = {}

    def new_page(self):
        page = self.next_page
        self.next_page += 4096
        self.pages[page] = [0] * 512
        return page

    def map(self, root, address, leaf, flags):
        table = root
        for shift in (39, 30, 21):
            index = address >> shift & 511
            if not self.pages[table][index]:
                self.pages[table][index] = self.new_page() | flags
            table = self.pages[table][index] & ~0xFFF
        self.pages[table][address >> 12 & 511] = leaf

    def write(self):
        for page, entries in self.pages.items():
            self.image.seek(page)
            self.image.write(struct.pack("<512Q", *entries))


def build(image, rng):
    image.truncate(SIZE)
    guest = Tables(image, 0x1000)
    ept = Tables(image, EPT_BASE)
    cr3, eptp = guest.new_page(), ept.new_page()
    addresses = []
    for number in range(PAGES):
        address = 0x7F0000000000 + (rng.randrange(1 << 22) << 12)
        guest.map(cr3, address, (rng.randrange(SIZE >> 12) << 12) | 0x67, 0x67)
        addresses.append(address | rng.randrange(4096))
    for page in range(0, SIZE, 4096):
        ept.map(eptp, page, page | 0x337, 0x107)
    guest.write()
    ept.write()
    if guest.next_page > EPT_BASE or ept.next_page > SIZE:
        sys.exit("stream.py: the tables do not fit")
    return cr3, eptp | 0x5E, addresses


def run(name, command, feed, walks, directory):
    with open(feed, "rb") as source, open(os.path.join(directory, "out"), "wb") as sink:
        start = time.monotonic()
        status = subprocess.run(command, stdin=source, stdout=sink).returncode
        seconds = time.monotonic() - start
    if status:
        sys.exit(f"stream.py: {' '.join(command)} ended with status {status}")
    print(f"{name:<24}{walks / seconds / 1e6:6.2f} M walks/s ({walks} walks, {seconds:.2f} s)")


def main():
    undervisor = sys.argv[1]
    walks = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "image.raw")
        with open(path, "wb") as image:
            cr3, eptp, addresses = build(image, rng)
        feed = os.path.join(directory, "addresses")
        with open(feed, "w", encoding="ascii") as out:
            out.writelines(f"{rng.choice(addresses):#x}\n" for _ in range(walks))
        base = [undervisor, "walk", "--quiet", "--brief", "--format", "raw", "--cr3", hex(cr3)]
        run("stream, 4-level", [*base, path, "-"], feed, walks, directory)
        run("stream, 4x4", [*base, "--eptp", hex(eptp), path, "-"], feed, walks, directory)


main()
