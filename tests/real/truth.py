# SPDX-License-Identifier: MIT
"""What QEMU says about a stopped guest: which pages are mapped, how large, with which rights.

Three views of QEMU are used and must agree with each other before anything is compared with them:
"info tlb" (each page with the flags of the entry that maps it), "gva2gpa" (an address's
translation) and "xp" (the entries themselves, for what the first two do not tell: rights combined
over the levels, protection keys). With 4-level paging "info mem" (combined rights) is a fourth.
With 5-level paging QEMU's "info mem" skips what is present (seen in 7.2), so it is not asked.
"""

import bisect
import re
from dataclasses import dataclass

from qemu import Failed

KB4, MB2, GB1 = 12, 21, 30
SIZE_NAMES = {KB4: "4 KB", MB2: "2 MB", GB1: "1 GB"}
ADDRESS_BITS = 0x000f_ffff_ffff_f000

# Letters of "info tlb" in their order, and the bits of the entry that they show. "P" is the page
# size bit, which QEMU hides where the same bit is PAT.
TLB_LETTERS = "XGPDACTUW"
TLB_BITS = (63, 8, 7, 6, 5, 4, 3, 2, 1)

# Fixed parts of Linux's kernel address space, the same with 4 and 5 levels.
KERNEL_FIXED = (
    (0xfffffe0000000000, 0xfffffe8000000000, "cpu entry area"),
    (0xffffff0000000000, 0xffffff8000000000, "espfix"),
    (0xffffffffc0000000, 0xffffffffff000000, "modules"),
    (0xffffffffff000000, 0x10000000000000000, "fixmap"),
)


@dataclass(frozen=True)
class Page:
    """A line of "info tlb"."""

    start: int
    physical: int
    flags: str
    shift: int

    @property
    def end(self):
        return self.start + (1 << self.shift)


@dataclass(frozen=True)
class Mapping:
    """How one address is mapped, rights combined over all levels."""

    physical: int
    shift: int
    leaf: int
    user: bool
    write: bool
    no_execute: bool
    key: int


def leaf_letters(leaf, shift):
    """The flags of a leaf entry as "info tlb" writes them."""
    if shift == KB4:
        leaf &= ~(1 << 7)
    return "".join(letter if leaf >> bit & 1 else "-"
                   for letter, bit in zip(TLB_LETTERS, TLB_BITS))


class Truth:
    """The guest as QEMU sees it. Asks while the machine is stopped; answers are kept."""

    def __init__(self, qemu, levels, console):
        self.qemu = qemu
        self.levels = levels
        self.width = 9 * levels + 12
        self.registers = qemu.registers()
        self.tables = {}
        self.regions = self._regions(console)
        self.pages = self._pages()
        self.starts = [page.start for page in self.pages]
        self.ranges = self._ranges() if levels == 4 else None
        self.mappings = {}  # by address; None: not mapped
        self.trails = {}  # by address: (address, value) of each entry on the way

    def canonical(self, address):
        """True if bits 63 to the width of linear addresses are equal."""
        return address >> (self.width - 1) in (0, (1 << (65 - self.width)) - 1)

    def region(self, address):
        """The name of the part of the address space."""
        for start, end, name in self.regions:
            if start <= address < end:
                return name
        return "user, other" if address < 1 << (self.width - 1) else "kernel, other"

    def page(self, address):
        """The line of "info tlb" for an address, or None."""
        at = bisect.bisect_right(self.starts, address) - 1
        return self.pages[at] if at >= 0 and address < self.pages[at].end else None

    def rights_in_ranges(self, address):
        """The rights that "info mem" shows for an address, "" if none."""
        at = bisect.bisect_right(self.ranges, (address, 1 << 64, "")) - 1
        if at >= 0 and self.ranges[at][0] <= address < self.ranges[at][1]:
            return self.ranges[at][2]
        return ""

    def observe(self, addresses):
        """Fills mappings and trails. Failed if QEMU contradicts itself."""
        for address in addresses:
            self.trails[address] = self._trail(address) if self.canonical(address) else []
            self.mappings[address] = self._mapping(address)

    def _mapping(self, address):
        mapping = self._combined(address)
        page = self.page(address) if self.canonical(address) else None
        physical = mapping.physical if mapping else None
        if self.qemu.gva2gpa(address) != physical or (page is None) != (mapping is None):
            raise Failed(f"QEMU's gva2gpa, info tlb and xp differ on {address:#x}")
        if not mapping:
            return None
        if (mapping.shift, leaf_letters(mapping.leaf, mapping.shift)) != (page.shift, page.flags):
            raise Failed(f"QEMU's info tlb and xp differ on {address:#x}")
        if self.ranges is not None:
            rights = ("u" if mapping.user else "-") + "r" + ("w" if mapping.write else "-")
            if rights != self.rights_in_ranges(address):
                raise Failed(f"QEMU's info mem and xp differ on {address:#x}")
        return mapping

    def _trail(self, address):
        """The entries that lead to an address, up to the one that is a page or not present."""
        trail = []
        table = self.registers["cr3"] & ADDRESS_BITS
        for level in range(self.levels, 0, -1):
            index = address >> (3 + 9 * level) & 511
            entry = self._table(table)[index]
            trail.append((table + 8 * index, entry))
            if not entry & 1 or (level in (2, 3) and entry & 0x80):
                break
            table = entry & ADDRESS_BITS
        return trail

    def _combined(self, address):
        """The Mapping that the entries of the trail amount to."""
        entries = [entry for _, entry in self.trails[address]]
        if not entries or not entries[-1] & 1:
            return None
        leaf = entries[-1]
        shift = KB4 + 9 * (self.levels - len(entries))
        offset = (1 << shift) - 1
        return Mapping(
            physical=leaf & ADDRESS_BITS & ~offset | address & offset,
            shift=shift,
            leaf=leaf,
            user=all(entry & 4 for entry in entries),
            write=all(entry & 2 for entry in entries),
            no_execute=any(entry >> 63 for entry in entries),
            key=leaf >> 59 & 15,
        )

    def _table(self, address):
        if address not in self.tables:
            words = re.findall(r"0x([0-9a-f]{16})", self.qemu.monitor(f"xp /512gx {address:#x}"))
            if len(words) != 512:
                raise Failed(f"xp gave {len(words)} entries of the table at {address:#x}")
            self.tables[address] = [int(word, 16) for word in words]
        return self.tables[address]

    def _regions(self, console):
        """The parts of the address space that the guest told of on its console."""
        symbols = {}
        regions = []
        for line in console:
            words = line.split()
            if line.startswith("UDV symbol "):
                symbols[words[4]] = int(words[2], 16)
            elif line.startswith("UDV map "):
                start, end = (int(part, 16) for part in words[2].split("-"))
                regions.append((start, end, _user_name(start, words)))
        try:
            direct, vmalloc, vmemmap = (self._variable(symbols[name]) for name in (
                "page_offset_base", "vmalloc_base", "vmemmap_base"))
            text, text_end, end = (symbols[name] for name in ("_text", "_etext", "_end"))
        except KeyError as missing:
            raise Failed(f"the guest told of no {missing}") from None
        regions += [(direct, vmalloc, "direct map"), (vmalloc, vmemmap, "vmalloc"),
                    (vmemmap, KERNEL_FIXED[0][0], "vmemmap"),
                    (text, text_end, "kernel text"), (text_end, end, "kernel data")]
        return regions + list(KERNEL_FIXED)

    def _variable(self, address):
        return int(self.qemu.monitor(f"x /1gx {address:#x}").split()[1], 16)

    def _pages(self):
        pattern = re.compile(rf"([0-9a-f]+): ([0-9a-f]+) ([{TLB_LETTERS}-]{{{len(TLB_BITS)}}})")
        lines = []
        for line in self.qemu.monitor("info tlb").splitlines():
            fields = pattern.fullmatch(line)
            if not fields:
                raise Failed(f"unknown form of info tlb: {line!r}")
            lines.append((int(fields[1], 16), int(fields[2], 16), fields[3]))
        return [Page(*line, self._shift(line, follower))
                for line, follower in zip(lines, [*lines[1:], (1 << 64, 0, "")])]

    def _shift(self, line, follower):
        """The size of a page. QEMU marks 2 MB and 1 GB pages with the same letter; only in the
        latter is the address 2 MB further on mapped without a line of its own."""
        start, physical, flags = line
        if flags[TLB_LETTERS.index("P")] == "-":
            return KB4
        gigabyte = (1 << GB1) - 1
        if (start | physical) & gigabyte or follower[0] - start <= gigabyte:
            return MB2
        further = 1 << MB2
        return GB1 if self.qemu.gva2gpa(start + further) == physical + further else MB2

    def _ranges(self):
        found = []
        sign, mask = 1 << (self.width - 1), (1 << self.width) - 1
        for line in self.qemu.monitor("info mem").splitlines():
            # The last end is written without its sign bits, so both go through the same mill.
            span, _, rights = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            start = ((start & mask) ^ sign) - sign & (1 << 64) - 1
            last = ((end - 1 & mask) ^ sign) - sign & (1 << 64) - 1
            found.append((start, last + 1, rights))
        return sorted(found)


def _user_name(start, words):
    if len(words) > 7:
        name = words[7].strip("[]")
        return f"user, {'program' if '/' in name else name}"
    return "user, beyond 47 bits" if start >> 47 else "user, anonymous"
