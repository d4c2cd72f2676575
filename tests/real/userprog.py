# SPDX-License-Identifier: MIT
"""A static x86-64 program, assembled here: it maps user memory of every kind, then spins.

It runs as the only busy process of the guest, so that the CR3 in the dump is its own.
"""

import struct

PAGE = 1 << 12
LARGE = 1 << 21

# Where the program maps memory, by the number of levels of paging. The addresses beyond 47 bits
# use other entries of the PML5 table than the first.
BASES = {
    4: (0x1000_0000_0000,),
    5: (0x1000_0000_0000, 0x0034_5600_0000_0000, 0x00ff_0000_4000_0000),
}

TEXT = 0x400000
DATA = 0x600000

PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC = 0, 1, 2, 4
MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS = 0x02, 0x10, 0x20
SYS_WRITE, SYS_MMAP, SYS_MPROTECT, SYS_MADVISE = 1, 9, 10, 28
MADV_DONTNEED = 4


def _syscall(number, *arguments):
    """Loads RDI, RSI, RDX, R10, R8, R9 and RAX, and executes SYSCALL."""
    load = (b"\x48\xbf", b"\x48\xbe", b"\x48\xba", b"\x49\xba", b"\x49\xb8", b"\x49\xb9")
    code = b"".join(opcode + struct.pack("<q", value) for opcode, value in zip(load, arguments))
    return code + b"\x48\xb8" + struct.pack("<q", number) + b"\x0f\x05"


def _write_byte(address):
    return b"\x48\xbb" + struct.pack("<Q", address) + b"\xc6\x03\x01"  # mov rbx, ..; mov [rbx], 1


def _read_byte(address):
    return b"\x48\xbb" + struct.pack("<Q", address) + b"\x8a\x03"  # mov rbx, ..; mov al, [rbx]


# Reads the first byte of the vDSO, which the auxiliary vector on the stack points to.
TOUCH_VDSO = bytes.fromhex(
    "4889e3"  # mov rbx, rsp
    "488b03"  # mov rax, [rbx]              argc
    "488d5cc310"  # lea rbx, [rbx+rax*8+16] the environment
    "488b03"  # 1: mov rax, [rbx]
    "4883c308"  # add rbx, 8
    "4885c0"  # test rax, rax
    "75f4"  # jnz 1b
    "48833b21"  # 2: cmp qword [rbx], 33    AT_SYSINFO_EHDR
    "7406"  # je 3f
    "4883c310"  # add rbx, 16
    "ebf4"  # jmp 2b
    "488b5b08"  # 3: mov rbx, [rbx+8]
    "8a03"  # mov al, [rbx]
)

# Grows the heap by five pages and writes into the first and the last.
TOUCH_HEAP = bytes.fromhex(
    "31ff"  # xor edi, edi
    "b80c000000"  # mov eax, 12             brk(0)
    "0f05"  # syscall
    "4889c3"  # mov rbx, rax
    "488db800500000"  # lea rdi, [rax+0x5000]
    "b80c000000"  # mov eax, 12
    "0f05"  # syscall
    "c60301"  # mov byte [rbx], 1
    "c683ff4f000001"  # mov byte [rbx+0x4fff], 1
)

SPIN = b"\xeb\xfe"


def _map_at(base):
    """Two 2 MB pages at @base (transparent huge pages), and 4 KB pages of all rights behind."""
    flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS
    small = base + 8 * LARGE + 3 * PAGE
    code = _syscall(SYS_MMAP, base, 2 * LARGE, PROT_READ | PROT_WRITE, flags, -1, 0)
    code += _write_byte(base) + _write_byte(base + LARGE + 5)
    code += _syscall(SYS_MMAP, small, 16 * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0)
    for page in range(14):
        code += _write_byte(small + page * PAGE)
    code += _read_byte(small + 14 * PAGE)  # the shared page of zeros; page 15 is never touched
    for page, rights in ((1, PROT_READ), (2, PROT_NONE), (3, PROT_READ | PROT_EXEC),
                         (4, PROT_READ | PROT_WRITE | PROT_EXEC), (5, PROT_EXEC)):
        code += _syscall(SYS_MPROTECT, small + page * PAGE, PAGE, rights)
    return code + _syscall(SYS_MADVISE, small + 6 * PAGE, PAGE, MADV_DONTNEED)


def program(levels):
    """The ELF file: a text segment that is the whole file, a data segment of zeros, a stack."""
    code = TOUCH_VDSO + TOUCH_HEAP + _write_byte(DATA) + _write_byte(DATA + 3 * PAGE)
    for base in BASES[levels]:
        code += _map_at(base)
    headers = 64 + 3 * 56
    message = b"ready\n"
    length = headers + len(code) + len(_syscall(SYS_WRITE, 1, 0, 0)) + len(SPIN)
    code += _syscall(SYS_WRITE, 1, TEXT + length, len(message)) + SPIN
    size = length + len(message)

    elf = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    elf += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, TEXT + headers, 64, 0, 0, 64, 56, 3, 0, 0, 0)
    for kind, flags, address, in_file, in_memory in (
            (1, 5, TEXT, size, size), (1, 6, DATA, 0, 4 * PAGE), (0x6474e551, 6, 0, 0, 0)):
        elf += struct.pack("<IIQQQQQQ", kind, flags, 0, address, address, in_file, in_memory, PAGE)
    return elf + code + message
