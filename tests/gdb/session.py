#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's gdb in batch mode against "undervisor run --gdb".

usage: session.py UNDERVISOR VMX-IMAGE SMP-IMAGE

The session in a hypervisor and its guest must say the same under both engines, and a run that was
debugged must be the run that was not, to the trace hash.
"""
import os
import shutil
import sys
import tempfile

from batch import WRAPPER, Failed, debugged, ends, on_engines, session

# Each command with what its output must have; patterns in order.
VMX_SESSION = [
    ("info threads", [r"Thread 1 \(L1, 32-bit protected mode\)"]),
    ("monitor vmcs", ["no VMCS is current: the processor is not in VMX operation"]),
    ("break main", []),
    ("continue", [r"Breakpoint 1, 0x[0-9a-f]+ in main"]),
    ("info registers cr0 efer", [r"cr0 .*\[ PE .*PG \]", r"efer .*\[ LME LMA NXE \]"]),
    ("stepi", []),
    ("monitor stop reason cpuid", ["stops at VM exits of reason 10, CPUID"]),
    ("continue", ["VM exit, reason 10", "SIGTRAP", "in vmx_switch"]),
    ("info threads", [r"Thread 1 \(L1, VMCS 0x[0-9a-f]+, 64-bit mode\)"]),
    ("monitor vmcs", [r"launch state \"launched\", L1 runs", r"400c  EXIT_CONTROLS", "host address-space size",
                      r"4402  EXIT_REASON +0xa\n +CPUID", "HOST_RIP", "All other fields are 0"]),
    ("monitor vmcs exit_instruction_length", [r"440c  EXIT_INSTRUCTION_LENGTH +0x2"]),
    ("monitor vmcs 0x440c", [r"440c  EXIT_INSTRUCTION_LENGTH +0x2"]),
    ("monitor vmcs 0x10000440c", ["no VMCS field has the encoding 0x10000440c"]),
    ("monitor walk 0x800000000000", ["because the linear address is not canonical"]),
    ("monitor vmcs nonsense", ["no VMCS field is called nonsense"]),
    ("monitor exits", ["VM entries: ", r"CPUID \(10\): 1\n"]),
    ("monitor stop off", ["stops at no VM entry and no VM exit"]),
    # in L2: by a breakpoint on its code, with its registers
    ("monitor level l2", ["at L2 only"]),
    ("hbreak do_hlt", []),
    ("continue", [r"Breakpoint 2, 0x[0-9a-f]+ in do_hlt"]),
    ("info threads", [r"Thread 1 \(L2, VMCS 0x[0-9a-f]+, 64-bit mode\)"]),
    ("info registers rip cs cr3 cr4", [r"rip .*<do_hlt>", r"cs +0x8 ", r"cr3 +0x[0-9a-f]+", r"cr4 .*VMXE"]),
    ("x/i $pc", [r"=> 0x[0-9a-f]+ <do_hlt>:\s+hlt"]),
    ("monitor vmcs", ["L2 runs under it", "GUEST_RIP"]),
    ("monitor walk $pc", ["walk ADDRESS: "]),
    ("monitor walk 0x100000", [r"PML4E\[0\] at 0x", r"guest-physical 0x100000, physical 0x100000"]),
    ("delete", []),
    ("monitor stop entry", ["stops at VM entries"]),
    ("continue", ["VM entry"]),
    ("info threads", [r"Thread 1 \(L2"]),
    ("monitor stop off", []),
    ("detach", [r"\[Inferior 1 \(Remote target\) detached\]"]),
]

# A store by whichever processor, seen in whatever code has it; then steps of each.
SMP_SESSION = [
    ("info threads", [r"Thread 1 \(L1", r"Thread 2 \(L1", r"Thread 4 \(L1"]),
    ("break main", []),
    ("continue", ["Breakpoint 1, .* in main"]),
    ("delete", []),
    ("awatch -location *(unsigned *)($rsp - 8)", [r"access \(read/write\) watchpoint 2"]),
    ("continue", [r"watchpoint 2: -location .*\n\n(Old value = .*\nNew value|Value) = ",
                  "in main"]),
    ("delete", []),
    ("hbreak cpu_loop", []),
    ("continue", [r"Breakpoint 3, 0x[0-9a-f]+ in cpu_loop"]),
    ("info threads", [r"\* [234] +Thread"]),
    ("delete", []),
    ("stepi", []),
    ("stepi", []),
    ("detach", ["detached"]),
]


def check_vmx(undervisor, image):
    on_engines(("direct", "nested"), undervisor, image, [], VMX_SESSION, [image])


def check_smp(undervisor, image):
    debugged(undervisor, image, ["--cpus", "4"], SMP_SESSION, [image])


def check_kill(undervisor, image):
    _, run = session(undervisor, image, [], [("kill", [])], [image])
    if run[0] != 130 or "ended by the debugger at RIP 0x" not in run[2]:
        raise Failed(f"killed: {run}")


def check_errors(undervisor, image):
    with tempfile.TemporaryDirectory() as folder:
        wrong = os.path.join(folder, "no", "where")
        port, path = "a port from 1 to 65535, or unix:PATH", "unix: and the path of a socket, of 1 to 107 bytes"
        for where, wanted, text in [
                *((where, 2, f"--gdb {where}: not {port}\n") for where in ("", "0", "65536", "99999", "abc", "host:1")),
                *((where, 2, f"--gdb {where}: not {path}\n") for where in ("unix:", "unix:" + "x" * 108)),
                ("unix:/no/" + "x" * 103, 120, f"cannot listen for a debugger at /no/{'x' * 103}: No such file"),
                ("unix:" + wrong, 120, f"cannot listen for a debugger at {wrong}: No such file")]:
            status, _, errors = ends([*WRAPPER, undervisor, "run", "--gdb", where, image])
            if status != wanted or text not in errors or errors.count("\n") != 1:
                raise Failed(f"--gdb {where}: {status} {errors}")


def main():
    if not shutil.which("gdb"):
        print("SKIP: no gdb")
        return 77
    undervisor, vmx, smp = sys.argv[1:4]
    failures = 0
    for name, check in [("errors", lambda: check_errors(undervisor, vmx)), ("vmx", lambda: check_vmx(undervisor, vmx)),
                        ("smp", lambda: check_smp(undervisor, smp)), ("kill", lambda: check_kill(undervisor, vmx))]:
        try:
            check()
            print(f"ok: {name}")
        except Failed as reason:
            failures += 1
            print(f"FAILED: {name}: {reason}")
    return 1 if failures else 0


sys.exit(main())
