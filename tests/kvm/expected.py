# SPDX-License-Identifier: MIT
"""What pieces.c must print, from the manual's definitions and Python's integers."""

import math
import struct

MASK32, MASK64 = (1 << 32) - 1, (1 << 64) - 1


class Ports:
    """The byte sequence of one port, and the sum that the other makes."""

    def __init__(self):
        self.next, self.bytes, self.sum = 0, 0, 0

    def take(self, size):
        data = bytes((self.next + i) & 255 for i in range(size))
        self.next += size
        return data

    def give(self, data):
        self.bytes += len(data)
        for byte in data:
            self.sum = (self.sum * 31 + byte) & MASK32

    def copy(self, *sizes):
        for size in sizes:
            self.give(self.take(size))
        return self

    def words(self):
        return f"out {self.bytes} {self.sum:08x}"


def rcl16(value, carry, count):
    for _ in range(count):
        value, carry = ((value << 1) | carry) & 0xffff, value >> 15
    return value


def halves(value):
    return [value & MASK32, value >> 32]


def double(value):
    return halves(struct.unpack("<Q", struct.pack("<d", value))[0])


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def mmio(offset, size, at=0x10000000):
    return int.from_bytes(bytes(((at + offset + i) * 3) & 255 for i in range(size)), "little")


def written(offset, value, at=0x10000000):
    return f"w{(at + offset) << 32 & MASK64 ^ value:x}"


def mmio_piece():
    values = [mmio(1, 1), mmio(2, 2), mmio(4, 4), mmio(8, 4), mmio(12, 4), mmio(0x21, 1),
              mmio(0x2a, 2) | 0xffff0000, 0x84, 1, mmio(0x108, 4), mmio(0xffe, 4)]
    writes = [(0x10, 0x5a), (0x12, 0x1234), (0x14, 0x89abcdef), (0x18, MASK64 - 1),
              (0x30, mmio(0x30, 4) + 5), (0x204, mmio(0x100, 4)), (0x208, mmio(0x104, 4))]
    return " ".join([*(f"{v:x}" for v in values), *(written(*w) for w in writes)])


def line(name, values, *rest, end="hlt"):
    shown = [f"{value:x}" for value in values]
    return " ".join([f"{name}:", *shown, *rest, end])


def lines(vendor=b"Genu"):
    """One for each piece; @vendor: of the processor's name, the first four bytes."""
    fresh = sum(i * i for i in range(256))
    product = 0x12345678 * 0x9abcdef0
    long_product = 0xfedcba9876543210 * 0x0123456789abcdef
    yield line("real-arithmetic", [
        sum(range(101)), 1234 * 567 & 0xffff, 1234 * 567 >> 16, rcl16(0x8765, 1, 3),
        *divmod(0x43218765, 0x1001), 0xcafe])
    strings = Ports().copy(97, 194, 28)
    yield line("real-strings", [0x3005 - 28, 0x3005 - 28], strings.words())
    yield line("real-interrupts", [3 * 7 * 7, 16, 0xf000])
    yield line("round-trip", [0x32323232, 0x500, 0x64646464 * 2, 0x100, 0x1616])
    yield line("protected-arithmetic", [
        math.gcd(1071, 462), *halves(product), -3 & MASK32, -1 & MASK32, -4 & MASK32, 0x5a])
    yield line("protected-paging", [0x11223344 + 0x01010101, 0xa3, 0xe3], Ports().copy(44).words())
    yield line("long-arithmetic", [
        *halves(fibonacci(90)), *halves(long_product & MASK64), *halves(long_product >> 64),
        *double(math.sqrt(2)), *double(math.pi)])
    yield line("long-strings", [0x3ffd + 8200], Ports().copy(4999, 8200).words())
    yield f"long-mmio: {mmio_piece()} hlt"
    yield line("long-fresh", [3 * fresh], f"sum {sum(i * i for i in range(768))}")
    yield line("long-exceptions", [0, 6, 0xfe812345, 14, 2, 13, 0x74, 3, 13, 0, 0x31])
    yield line("long-interrupts", [20, 0xf000])
    yield line("long-xapic", [0x14, 0x61, 0x20, 0x6145, 0, 0, 1], end="end")
    yield line("long-x2apic", [0x6145, 1, 0], end="end")
    yield line("long-ipis", [300, 300], end="end")
    words = [int.from_bytes(text, "little") for text in (b"KVMK", b"VMKV", vendor)]
    yield line("long-registers", [
        *words, 0x87654321, 0xffff8000, 0x600df00d, 0x70406, 0, 0x12345, 0x220])
    stops = [f"at {offset:x}" for offset in (1, 6, 0xc, 0xf, 0x11)]
    yield line("long-steps", [3 * 9], *stops)
    yield line("long-dirty", [8, 3, 0, 0, 0, 0, 0, 0, 8, 3, 0, 0])
    yield line("long-readonly", [0x12345678, 0x12345678], written(0x10, 0x99, 0x800000))


if __name__ == "__main__":
    print("\n".join(lines()))
