# SPDX-License-Identifier: MIT
"""Debian's gdb in batch mode against a running KVM, from its guest's first entry on."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "gdb"))
from batch import Failed, on_engines  # noqa: E402, F401

# Of pieces.c: the first code, in real mode at 1000H, which EPT lacks until it has been fetched from.
L1 = r"Thread 1 \(L1, VMCS 0x[0-9a-f]+, 64-bit mode\)"
L2 = r"Thread 1 \(L2, VMCS 0x[0-9a-f]+, real mode\) 0x0+1000 "
SESSION = [
    ("info threads", [r"Thread 1 \(L1, 32-bit protected mode\)"]),
    ("monitor stop entry", ["stops at VM entries"]),
    ("continue", ["VM entry", "SIGTRAP"]),
    ("info threads", [L2]),
    ("monitor vmcs", ["L2 runs under it", "unrestricted guest", r"681e  GUEST_RIP +0x1000\n"]),
    ("monitor walk 0x1000", [r"EPT PML4E\[0\] of 0x1000 at 0x[0-9a-f]+ = 0x0 not present", "EPT violation"]),
    ("monitor stop reason ept_violation", ["stops at VM exits of reason 48, EPT_VIOLATION"]),
    ("continue", ["VM exit, reason 48", "SIGTRAP"]),
    ("info threads", [L1]),
    ("monitor vmcs exit_qualification", [r"EXIT_QUALIFICATION +0x784\n +an instruction fetch"]),
    ("monitor vmcs guest_physical_address", [r"GUEST_PHYSICAL_ADDRESS +0x1000\n"]),
    ("continue", ["VM entry", "SIGTRAP"]),
    ("info threads", [L2]),
    ("x/i $pc", [r"=> 0x1000:\s+mov "]),
    ("monitor walk 0x1000", [r"EPT PTE\[1\] of 0x1000", "physical 0x"]),
    ("stepi", [r"0x0+100[1-9a-f] in"]),
    ("monitor level l2", ["at L2 only"]),
    ("hbreak *0x1005", ["Hardware assisted breakpoint 1 at 0x1005"]),
    ("continue", [r"Breakpoint 1, 0x0+1005 in"]),
    ("info threads", [r"Thread 1 \(L2"]),
    ("delete", []),
    ("monitor exits", ["VM entries: 2\n", "VM exits: 1\n", r"EPT_VIOLATION \(48\): 1\n"]),
    ("monitor stop off", ["stops at no VM entry and no VM exit"]),
    ("detach", [r"\[Inferior 1 \(Remote target\) detached\]"]),
]


def check(undervisor, kernel, options, engines):
    """The session on each engine, and that it leaves the run what it is without."""
    on_engines(engines, undervisor, kernel, options, SESSION)
