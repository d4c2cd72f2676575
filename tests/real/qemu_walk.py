#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The walk on real input: Debian's kernel in QEMU, `undervisor walk` on its memory, QEMU as judge.

For 4-level and for 5-level paging: boots the kernel with a user program that keeps the processor
busy, stops it, dumps its memory, lets QEMU say how some two thousand addresses translate, and
compares `undervisor walk` on the dump with that: translation, page size, every entry on the way,
the flags of the last, and combined rights. For ten kinds of access it compares the outcome and the
page fault's error code with what the manual derives from the rights that QEMU showed.

Exit status: 0 no difference, 1 differences or a failure, 2 usage, 77 skipped because something
cannot be had here (QEMU, apt, the network).
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import partial

import expect
import guest
import qemu
import sample
from expect import Access
from qemu import Failed
from truth import GB1, KB4, MB2, SIZE_NAMES, Truth, leaf_letters

SKIPPED = 77
BOOT_TIMEOUT = 180
WALK_TIMEOUT = 120
# The kernel may put itself, or a module's read-only pages, into what would have been a 1 GB page
# of the direct map. With six gigabytes one is left, except now and then.
MEMORY = "6G"
BOOTS = 4
SHOWN = 10
# What Linux gives a process: everything but key 0 is denied. The guest's execute-only pages have
# another key.
LINUX_PKRU = 0x55555554

TRANSLATION = Access(("--read", "--ac"))
ACCESSES = (
    Access(("--read",), LINUX_PKRU),
    Access(("--write",), LINUX_PKRU),
    Access(("--fetch",), LINUX_PKRU),
    Access(("--write", "--ac"), LINUX_PKRU),
    Access(("--write", "--ac"), 0xaaaaaaaa, wp=0),
    Access(("--read", "--ac", "--implicit"), LINUX_PKRU),
    Access(("--read", "--user"), LINUX_PKRU),
    Access(("--write", "--user"), 0),
    Access(("--rmw", "--user"), 0xaaaaaaa8),
    Access(("--fetch", "--user"), LINUX_PKRU),
)

# Every run must have walked these: a label's beginning, and how many addresses at least.
REQUIRED = (
    ("kernel text", 50), ("direct map", 150), ("vmalloc", 50), ("modules", 50), ("vmemmap", 50),
    ("fixmap", 50), ("user, program", 50), ("user, stack", 50), ("user, heap", 50),
    ("user, vdso", 50), ("unmapped", 100), ("not canonical", 50),
)
MINIMUM = 1000


def walk(undervisor, dump, addresses, options):
    """One run of the command in streaming mode: the JSON object of each address, in order."""
    command = [undervisor, "walk", "--json", "--quiet", *options, dump, "-"]
    done = subprocess.run(command, input="".join(f"{address:#x}\n" for address in addresses),
                          capture_output=True, text=True, timeout=WALK_TIMEOUT, check=False)
    # 1 says that some address faulted, which many here are meant to.
    if done.returncode not in (0, 1) or done.stderr:
        raise Failed(f"{' '.join(command)}: status {done.returncode}, {done.stderr.strip()[:400]}")
    try:
        results = [json.loads(line) for line in done.stdout.splitlines()]
    except ValueError as error:
        raise Failed(f"{' '.join(command)}: no JSON: {error}") from None
    if len(results) != len(addresses):
        raise Failed(f"{' '.join(command)}: {len(results)} results, {len(addresses)} addresses")
    return results


def number(digits):
    """A number of the JSON output, where it is a hexadecimal string."""
    return int(digits, 16)


def outcome_of(result):
    """What a JSON object says the access came to, as expect.outcome() says it."""
    if result["outcome"] == "ok":
        return "ok", number(result["result"]["hpa"])
    if result["outcome"] == "page-fault":
        return "page-fault", number(result["fault"]["error_code"])
    return result["outcome"], None


def registers_of(result, names):
    """The registers that a walk was made with."""
    registers = {name: number(result["registers"][name]) for name in names}
    return {**registers, "efer": registers["efer"] & ~expect.EFER_SCE}


def text(value):
    """A value for people: numbers in hexadecimal."""
    if isinstance(value, dict):
        return " ".join(f"{key}={text(part)}" for key, part in value.items())
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(text(part) for part in value) + ")"
    return hex(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


class Comparison:
    """Counts comparisons and keeps the first differences."""

    def __init__(self):
        self.outcomes = {}  # a Counter for each access
        self.compared = 0
        self.differences = 0
        self.shown = []

    def check(self, address, access, aspect, expected, got):
        """Compares one thing about one address."""
        self.compared += 1
        if expected != got:
            self.differences += 1
            if len(self.shown) < SHOWN:
                self.shown.append(
                    f"  {address:#018x} {' '.join(access.options)} --pkru {access.pkru:#x}, "
                    f"{aspect}: expected {text(expected)}, undervisor says {text(got)}")


def compare_run(comparison, truth, chosen, access, results):
    """Compares one run, made for one kind of access, with QEMU."""
    # The dump does not have EFER, and SCE has no say in paging.
    registers = {**truth.registers, "efer": truth.registers["efer"] & ~expect.EFER_SCE,
                 "pkru": access.pkru}
    if not access.wp:
        registers["cr0"] &= ~expect.CR0_WP
    outcomes = comparison.outcomes.setdefault(access, Counter())
    for address, result in zip(chosen, results):
        check = partial(comparison.check, address, access)
        mapping = truth.mappings[address]
        expected = expect.outcome(mapping, truth.canonical(address), access, registers)
        outcomes[expected[0]] += 1
        check("address", address, number(result["address"]))
        check("mode", f"{truth.levels}-level paging", result["mode"])
        check("registers", registers, registers_of(result, registers))
        check("outcome", expected, outcome_of(result))
        check("entries", truth.trails[address],
              [(number(step["address"]), number(step["value"])) for step in result["steps"]])
        if expected[0] == "page-fault" == result["outcome"]:
            check("CR2", address, number(result["fault"]["cr2"]))
        if expected[0] == "ok" == result["outcome"]:
            check_page(check, truth.page(address), mapping, result)


def check_page(check, page, mapping, result):
    """Compares the page that an address was found in."""
    ours = result["result"]
    check("page size", 1 << page.shift, number(ours["guest_page_size"]))
    check("flags", page.flags, leaf_letters(number(result["steps"][-1]["value"]), page.shift))
    check("rights (user, writable, executable)",
          (mapping.user, mapping.write, not mapping.no_execute),
          (ours["user"], ours["writable"], ours["executable"]))


def check_coverage(truth, chosen):
    """What this machine's addresses do not cover; empty if they cover all that they must."""
    labels = Counter(chosen.values())
    sizes = Counter(mapping.shift for mapping in truth.mappings.values() if mapping)
    missing = [f"{SIZE_NAMES[shift]} pages" for shift in (KB4, MB2, GB1) if sizes[shift] < 50]
    required = REQUIRED
    if truth.levels == 5:
        required += (("user, beyond 47 bits", 100),)
    for beginning, count in required:
        if sum(n for label, n in labels.items() if label.startswith(beginning)) < count:
            missing.append(beginning)
    if not any(mapping and mapping.key for mapping in truth.mappings.values()):
        missing.append("protection keys")
    if len(chosen) < MINIMUM:
        missing.append(f"{MINIMUM} addresses")
    wanted_la57 = truth.levels == 5
    if bool(truth.registers["cr4"] & expect.CR4_LA57) != wanted_la57:
        missing.append(f"{truth.levels}-level paging")
    return missing


def observe(kernel, initrd, levels, dump):
    """Boots, dumps, and asks QEMU; returns (truth, chosen addresses). Another boot moves the
    kernel, so a machine that lacks something gives way to the next."""
    missing = []
    for _ in range(BOOTS):
        with qemu.Qemu(kernel, initrd, levels, MEMORY) as machine:
            console = machine.wait_for("UDV ready", BOOT_TIMEOUT)
            machine.connect()
            machine.stop_in_user_mode()
            truth = Truth(machine, levels, console)
            chosen = sample.choose(truth)
            truth.observe(chosen)
            missing = check_coverage(truth, chosen)
            if not missing:
                machine.dump(dump)
                return truth, chosen
        print(f"{levels}-level: booting again, for want of {', '.join(missing)}", flush=True)
    raise Failed(f"{BOOTS} boots, and still without {', '.join(missing)}")


def compare(undervisor, dump, truth, chosen):
    """All runs of the command over one dump."""
    comparison = Comparison()
    registers = [part for name, value in truth.registers.items()
                 for part in (f"--{name}", f"{value:#x}")]
    # First with the registers of the dump's own notes, then with those that QEMU told.
    for given in ([], [*registers, "--guest-maxphyaddr", "40"]):
        results = walk(undervisor, dump, chosen, [*given, *TRANSLATION.options])
        compare_run(comparison, truth, chosen, TRANSLATION, results)
    for access in ACCESSES:
        options = [*access.options, "--pkru", f"{access.pkru:#x}"]
        if not access.wp:
            options += ["--cr0", f"{truth.registers['cr0'] & ~expect.CR0_WP:#x}"]
        results = walk(undervisor, dump, chosen, options)
        compare_run(comparison, truth, chosen, access, results)
    for access, outcomes in comparison.outcomes.items():
        if not all(outcomes[each] for each in ("ok", "page-fault", "not-canonical")):
            raise Failed(f"{access} came to {dict(outcomes)} only: this proves too little")
    return comparison


def report(levels, truth, chosen, comparison, times):
    """Prints the counts, the differences, and the line that sums up."""
    print(f"{levels}-level paging:")
    for label, count in sorted(Counter(chosen.values()).items()):
        print(f"  {count:5}  {label}")
    sizes = Counter(mapping.shift for mapping in truth.mappings.values() if mapping)
    print("  mapped by " + ", ".join(f"{SIZE_NAMES[shift]}: {sizes[shift]}"
                                     for shift in (KB4, MB2, GB1)))
    for access, outcomes in comparison.outcomes.items():
        print(f"  {' '.join(access.options):25} PKRU {access.pkru:#010x} WP {access.wp}: "
              f"{outcomes['ok']} translated, {outcomes['page-fault']} page faults, "
              f"{outcomes['not-canonical']} not canonical")
    print(f"  {comparison.compared} comparisons in {2 + len(ACCESSES)} runs; "
          f"QEMU {times[0]:.0f} s, undervisor {times[1]:.0f} s")
    for line in comparison.shown:
        print(line)
    print(f"{levels}-level: {len(chosen)} addresses, {comparison.differences} differences",
          flush=True)


def test(undervisor, cache, work):
    """Both paging modes; true if there is no difference."""
    qemu.require()
    kernel, initrd, release = guest.prepare(cache, work)
    print(f"Linux {release}", flush=True)
    good = True
    for levels in (4, 5):
        dump = os.path.join(work, f"memory-{levels}.elf")
        begin = time.monotonic()
        truth, chosen = observe(kernel, initrd, levels, dump)
        middle = time.monotonic()
        comparison = compare(undervisor, dump, truth, chosen)
        report(levels, truth, chosen, comparison, (middle - begin, time.monotonic() - middle))
        good &= comparison.differences == 0
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("undervisor", help="the command")
    parser.add_argument("cache", help="directory for downloaded packages, kept between runs")
    parser.add_argument("--keep", metavar="DIR", help="leave kernel and dumps in this directory")
    options = parser.parse_args()
    undervisor, cache = os.path.abspath(options.undervisor), os.path.abspath(options.cache)
    if not os.access(undervisor, os.X_OK):
        parser.error(f"{undervisor} cannot be executed")

    # So that every way out, a test runner's time-out included, ends QEMU and removes the dump.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        if options.keep:
            os.makedirs(options.keep, exist_ok=True)
            return 0 if test(undervisor, cache, os.path.abspath(options.keep)) else 1
        os.makedirs(cache, exist_ok=True)
        # In the cache rather than in /tmp, which may be memory: a dump takes some 200 MB.
        with tempfile.TemporaryDirectory(prefix="qemu-walk-", dir=cache) as work:
            return 0 if test(undervisor, cache, work) else 1
    except guest.Unavailable as reason:
        print(f"SKIP: the walk on real input was not tested: {reason}", flush=True)
        return SKIPPED
    except (Failed, OSError, subprocess.TimeoutExpired) as reason:
        print(f"FAILED: {reason}", flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
