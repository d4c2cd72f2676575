# SPDX-License-Identifier: MIT
"""Builds the small memory images that the golden tests walk.

Every image is made of known tables, so that each expected line can be derived by hand.
"""

import pathlib
import struct

P, W, U, A, D, PS, XD = 1, 2, 4, 0x20, 0x40, 0x80, 1 << 63
R, EW, X, XU = 1, 2, 4, 1 << 10
WB = 6 << 3
EPT_A, EPT_D = 1 << 8, 1 << 9


class Memory:
    """Physical memory by pages; only what was written is in the image."""

    def __init__(self):
        self.pages = {}

    def write(self, address, value, size=8):
        page = self.pages.setdefault(address >> 12, bytearray(4096))
        at = address & 0xFFF
        page[at : at + size] = value.to_bytes(size, "little")

    def read(self, address, size=8):
        page = self.pages.get(address >> 12)
        if page is None:
            return 0
        at = address & 0xFFF
        return int.from_bytes(page[at : at + size], "little")

    def touch(self, address):
        self.pages.setdefault(address >> 12, bytearray(4096))

    def raw(self, size):
        data = bytearray(size)
        for page, content in self.pages.items():
            if (page << 12) + 4096 <= size:
                data[page << 12 : (page << 12) + 4096] = content
        return bytes(data)


class Tables:
    """Tables of one dimension: a root, and fresh pages for the tables below it."""

    def __init__(self, memory, root, pool, levels, table_bits, entry_size=8, place=lambda a: a):
        self.memory, self.root, self.pool = memory, root, pool
        self.levels, self.table_bits, self.size = levels, table_bits, entry_size
        self.place = place  # from an address as the entries hold it to one of the memory
        memory.touch(place(root))

    def index(self, address, level):
        bits = 9 if self.size == 8 else 10
        return address >> (12 + bits * (level - 1)) & ((1 << bits) - 1)

    def entry(self, address, level):
        """Where the entry of this level for this address lies, tables made on the way."""
        table = self.root
        for at in range(self.levels, level, -1):
            where = self.place(table) + self.index(address, at) * self.size
            value = self.memory.read(where, self.size)
            if not value:
                value = self.pool | self.table_bits
                self.memory.touch(self.place(self.pool))
                self.memory.write(where, value, self.size)
                self.pool += 0x1000
            table = value & 0x000FFFFFFFFFF000
        return self.place(table) + self.index(address, level) * self.size

    def map(self, address, value, level=1):
        self.memory.write(self.entry(address, level), value, self.size)


def one_dimension():
    """4-level tables at 0x1000; see the comments for what each address shows."""
    memory = Memory()
    t = Tables(memory, 0x1000, 0x2000, 4, P | W | U | A)
    t.map(0x401000, 0x8000 | P | U | A)  # user, read-only
    t.map(0x402000, 0x9000 | P | W | U | A | D)  # user, writable
    t.map(0x403000, 0xA000 | P | W | U | A | XD | 5 << 59)  # no execute, key 5
    t.map(0x404000, 0)  # not present
    t.map(0x405000, 0xB000 | P | W | U | 1 << 50)  # beyond a MAXPHYADDR of 46
    t.map(0x600000, 0x400000 | P | W | U | A | D | PS, 2)  # 2 MB
    t.map(0x80000000, 0x40000000 | P | W | A | PS, 3)  # 1 GB, supervisor
    t.map(0xFFFFFFFF81000000, 0xC000 | P | A)  # kernel text
    memory.write(t.entry(0xFFFFFFFF81000000, 3), 0x7FFF000 | P | W)  # supervisor above, far away
    t.map(0xFFFFFF8000000000, 0xC000 | P | W | A)
    memory.write(0x1000 + 8 * 0x1F0, 0x1000 | P | W | A)  # the root as its own child
    return memory


def five_levels():
    memory = Memory()
    t = Tables(memory, 0x1000, 0x2000, 5, P | W | U | A)
    t.map(0x12345678901000, 0x8000 | P | W | U | A | D)
    return memory


def pae():
    memory = Memory()
    t = Tables(memory, 0x2000, 0x3000, 2, P | W | U | A)
    t.map(0x00401000, 0x8000 | P | W | U | A)
    memory.write(0x1020, 0x2000 | P)  # PDPTE 0; the PDPT is 32-byte aligned, not a page
    memory.write(0x1028, 0)
    memory.write(0x1030, 0x2000 | P)
    memory.write(0x1038, 0)
    return memory


def legacy():
    memory = Memory()
    t = Tables(memory, 0x1000, 0x2000, 2, P | W | U | A, entry_size=4)
    t.map(0x00401000, 0x8000 | P | W | U | A)
    t.map(0x00402000, 0x8000 | P | U | A)
    t.map(0x00800000, 0x00C00000 | 0x12 << 13 | P | W | PS, 2)  # PSE-36: 0x12_00c00000
    return memory


GUEST = 0x40000  # where the guest's memory lies in the image


def two_dimensions(levels=4, ept_levels=4):
    """An L2 behind an EPT at 0x1000: guest-physical page n lies at GUEST + n."""
    memory = Memory()
    place = lambda gpa: GUEST + gpa
    guest = Tables(memory, 0x1000, 0x2000, levels, P | W | U | A, place=place)
    for page in range(1, 8):
        guest.map(0x400000 + 0x1000 * page, 0x8000 + 0x1000 * page | P | W | U | A | D)
    guest.map(0x410000, 0x18000 | P | W | A | D)
    guest.map(0x411000, 0x9000 | P | W | U)  # accessed and dirty still to be set
    # A second page table for what concerns tables: it is at guest-physical 0x1a000 or 0x1b000.
    for address, table in ((0x600000, 0x1A000), (0x800000, 0x1B000), (0xA00000, 0x1C000)):
        memory.write(guest.entry(address, 2), table | P | W | U | A)
        memory.touch(place(table))
        memory.write(place(table) + 8, 0x9000 | P | W | U | A | D)
    # Accessed flag to be set, in a page table that EPT holds read-only.
    memory.write(place(0x1C000) + 16, 0x9000 | P | W | U)
    ept = Tables(memory, 0x1000, 0x2000, ept_levels, R | EW | X)
    for page in range(0x20):
        ept.map(page << 12, GUEST + (page << 12) | R | EW | X | WB)
    special = {
        0xA: 0,  # 0x402000: not present
        0xB: GUEST + 0x9000 | R | X | WB,  # 0x403000: not writable
        0xC: GUEST + 0x9000 | EW | WB,  # 0x404000: write-only, misconfigured
        0xD: GUEST + 0x9000 | R | EW | X | 2 << 3,  # 0x405000: memory type 2
        0xE: GUEST + 0x9000 | R | X | WB | 1 << 61,  # 0x406000: sub-page permissions
        0xF: GUEST + 0x9000 | R | EW | X | WB | 1 << 57,  # 0x407000: verified
        0x18: GUEST + 0x18000 | R | X | XU | WB,  # 0x410000
        0x1A: 0,  # the page table of 0x600000: not present
        0x1B: GUEST + 0x1B000 | R | X | WB,  # of 0x800000: not writable
        0x1C: GUEST + 0x1C000 | R | X | WB,  # of 0xa00000: the same
    }
    for page, value in special.items():
        ept.map(page << 12, value)
    # The sub-page permission table at 0x30000: page 0xe may be written in its first 128 bytes.
    for level, table in ((4, 0x30000), (3, 0x31000), (2, 0x32000)):
        memory.write(table, table + 0x1000 | 1)
    memory.write(0x33000 + 8 * 0xE, 1)
    return memory


# ---------------------------------------------------------------- file formats


def lime(ranges):
    data = b""
    for base, content in ranges:
        data += struct.pack("<4sIQQQ", b"EMiL", 1, base, base + len(content) - 1, 0) + content
    return data


def note(name, kind, desc):
    name += b"\0"
    pad = lambda b: b + b"\0" * (-len(b) % 4)
    return struct.pack("<III", len(name), len(desc), kind) + pad(name) + pad(desc)


def qemu_cpu(cr0, cr3, cr4, rip=0, size=440):
    desc = bytearray(size)
    struct.pack_into("<II", desc, 0, 1, size)
    struct.pack_into("<QQ", desc, 136, rip, 2)
    struct.pack_into("<QQQQQ", desc, 392, cr0, 0, 0, cr3, cr4)
    return note(b"QEMU", 0, bytes(desc))


def core(segments, notes=b"", bits=64, machine=62, xnum=False):
    """An ELF core; a segment is (physical address, bytes, size in memory or None)."""
    header, phsize, shsize = (64, 56, 64) if bits == 64 else (52, 32, 40)
    count = len(segments) + 1
    at = header + count * phsize + (shsize if xnum else 0)
    shoff = header + count * phsize if xnum else 0
    phnum = 0xFFFF if xnum else count

    def segment(kind, offset, paddr, filesz, memsz):
        if bits == 64:
            return struct.pack("<IIQQQQQQ", kind, 0, offset, 0, paddr, filesz, memsz, 0)
        return struct.pack("<IIIIIIII", kind, offset, 0, paddr, filesz, memsz, 0, 0)

    headers, body = segment(4, at, 0, len(notes), len(notes)), notes
    for paddr, content, memsz in segments:
        size = len(content) if memsz is None else memsz
        headers += segment(1, at + len(body), paddr, len(content), size)
        body += content
    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1, 1]) + b"\0" * 9
    fields = "<HHIQQQIHHHHHH" if bits == 64 else "<HHIIIIIHHHHHH"
    ident += struct.pack(
        fields, 4, machine, 1, 0, header, shoff, 0, header, phsize, phnum, shsize, int(xnum), 0
    )
    sections = b""
    if xnum:
        sections = bytearray(shsize)
        struct.pack_into("<I", sections, 44 if bits == 64 else 28, count)
        sections = bytes(sections)
    return ident + headers + sections + body


VMCOREINFO = (
    b"OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff82001000\n"
    b"NUMBER(phys_base)=-33554432\nKERNELOFFSET=1c000000\n"
    b"NUMBER(pgtable_l5_enabled)=0\n"
)


def build(folder):
    """Writes all images into @folder."""
    folder = pathlib.Path(folder)
    one = one_dimension().raw(0x10000)
    (folder / "one.raw").write_bytes(one)
    (folder / "high.raw").write_bytes(one[0x1000:])
    (folder / "five.raw").write_bytes(five_levels().raw(0x10000))
    (folder / "pae.raw").write_bytes(pae().raw(0x10000))
    (folder / "legacy.raw").write_bytes(legacy().raw(0x10000))
    (folder / "two.raw").write_bytes(two_dimensions().raw(0x60000))
    (folder / "two-cut.raw").write_bytes(two_dimensions().raw(0x60000)[:0x43000])
    (folder / "two55.raw").write_bytes(two_dimensions(5, 5).raw(0x60000))
    (folder / "one.lime").write_bytes(lime([(0, one[:0x3000]), (0x3000, one[0x3000:])]))
    cpus = qemu_cpu(0x80050033, 0x1000, 0x6F0) + qemu_cpu(0x10, 0, 0)
    whole = core([(0x3000, one[0x3000:], None), (0, one[:0x3000], 0x3000)], cpus)
    (folder / "qemu.elf").write_bytes(whole)
    (folder / "cut.elf").write_bytes(whole[:-100])
    info = core([(0, one, None)], note(b"VMCOREINFO", 0, VMCOREINFO))
    (folder / "kdump.elf").write_bytes(info)
    legacy_cpu = qemu_cpu(0x80010011, 0x1000, 0x10, size=432)
    (folder / "qemu32.elf").write_bytes(
        core([(0, legacy().raw(0x10000), None)], legacy_cpu, bits=32, machine=3)
    )
    (folder / "kdump.lzo").write_bytes(b"KDUMP   " + bytes(8192))
    (folder / "empty").write_bytes(b"")
    (folder / "short").write_bytes(b"\x7fEL")
    (folder / "loop.raw").write_bytes(loop())


def loop():
    memory = Memory()
    memory.write(0x1000, 0x1000 | P | W | U | A)  # every level is this one entry
    return memory.raw(0x2000)


if __name__ == "__main__":
    import sys

    build(sys.argv[1])
