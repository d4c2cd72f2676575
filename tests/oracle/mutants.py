#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that the enumeration has teeth: each rule of the walker, broken on purpose, is noticed.

A mutant is one exact replacement in one file of src/paging. The text must be found exactly once,
so that the list cannot rot. The enumerator is compiled once; of the library only what includes
the changed file is compiled again.
"""

import argparse
import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

# file, what the mutant gets wrong, text, replacement
MUTANTS = [
    ("guest_rights.h", "CR0.WP is ignored",
     "&& !(rights & UDV_GUEST_WRITE) && c->cr0 & CR0_WP)",
     "&& !(rights & UDV_GUEST_WRITE))"),
    ("guest_rights.h", "SMEP refuses supervisor pages too",
     "if (rights & UDV_GUEST_USER && c->cr4 & CR4_SMEP)",
     "if (c->cr4 & CR4_SMEP)"),
    ("guest_rights.h", "EFLAGS.AC lets implicit accesses pass SMAP",
     "(access & UDV_ACCESS_IMPLICIT || !(access & UDV_ACCESS_AC)))",
     "!(access & UDV_ACCESS_AC))"),
    ("guest_rights.h", "a key's write-disable holds without CR0.WP",
     "bool write_counts = c->cr0 & CR0_WP || (user_page && is_user(access));",
     "bool write_counts = true;"),
    ("guest_rights.h", "a shadow-stack page need not be dirty",
     "!(leaf & PTE_W) && leaf & PTE_D && t->tables & PTE_W",
     "!(leaf & PTE_W) && t->tables & PTE_W"),
    ("context.c", "bit 63 is not reserved without EFER.NXE",
     "reserved |= PTE_XD;", "reserved |= 0;"),
    ("context.c", "bit 20 of a 2-MByte guest page is not reserved",
     "d->reserved_leaf[2] |= BITS(20, 13);", "d->reserved_leaf[2] |= BITS(19, 13);"),
    ("context.c", "bit 12 of a 2-MByte EPT page is a PAT bit",
     "d->reserved_leaf[2] |= BITS(20, 12);", "d->reserved_leaf[2] |= BITS(20, 13);"),
    ("context.c", "bit 29 of a 1-GByte EPT page is not reserved",
     "d->reserved_leaf[3] |= BITS(29, 12);", "d->reserved_leaf[3] |= BITS(28, 12);"),
    ("context.c", "bit 10 makes an entry present without mode-based execute control",
     "d->present = EPT_RWX | (c->ept_controls & UDV_EPT_MBEC ? EPT_XU : 0);",
     "d->present = EPT_RWX | EPT_XU;"),
    ("context.c", "execute-only is always legal",
     "else if (execute && !(c->ept_vpid_cap & UDV_EPT_CAP_EXECUTE_ONLY))",
     "else if (execute && !c)"),
    ("context.c", "EPT entries are held to the guest's width",
     "uint64_t reserved = address_bits_from(c->maxphyaddr);",
     "uint64_t reserved = address_bits_from(c->guest_maxphyaddr);"),
    ("walk.c", "with A/D flags a table access is still a read",
     ".kind = w->paging->ept_ad ? UDV_ACCESS_READ | UDV_ACCESS_WRITE : UDV_ACCESS_READ,",
     ".kind = UDV_ACCESS_READ,"),
    ("walk.c", "a missing right above beats a misconfiguration",
     "refuse_ept(w, UDV_WALK_EPT_MISCONFIG, ept_misconfig_cause(p, t), t, target);",
     "refuse_ept(w, t->tables & EPT_R ? UDV_WALK_EPT_MISCONFIG : UDV_WALK_EPT_VIOLATION, "
     "ept_misconfig_cause(p, t), t, target);"),
    ("walk.c", "a full log matters for dirty flags only",
     "if (!p->ept_ad || !paging_needs_ept_flags(",
     "if (!p->ept_ad || !(target->kind & UDV_ACCESS_WRITE) || !paging_needs_ept_flags("),
    ("walk.c", "guest-paging verification is not done",
     "!guest_paging_verified(w))", "!w->linear && !guest_paging_verified(w))"),
    ("walk.c", "bits 51:48 of the address are ignored by 4-level EPT",
     "if (ept_levels == 4 && unlikely(target->gpa >> 48))",
     "if (ept_levels == 4 && unlikely(target->gpa >> 52))"),
    ("walk.c", "guest flags are set before the final address is judged",
     "if (!ept_final(w, ept_levels, &target, &final, recording))",
     "if (set_flags && !paging_set_guest_flags(w, f->entry_size, dirty))\n"
     "\t\t\treturn false;\n"
     "\t\tif (!ept_final(w, ept_levels, &target, &final, recording))"),
    ("walk.c", "setting a guest flag is reported as a plain write",
     ".kind = UDV_ACCESS_READ | UDV_ACCESS_WRITE,", ".kind = UDV_ACCESS_WRITE,"),
    ("walk.c", "a read dirties the page in EPT",
     "bool dirty = target->kind & UDV_ACCESS_WRITE;", "bool dirty = target->kind != 0;"),
    ("walk.c", "PSE-36 loses address bit 39",
     "udv_pse36_address(end->entry);", "udv_pse36_address(end->entry & ~(1ull << 20));"),
    ("walk.h", "bit 6 of the qualification without mode-based execute control",
     "if (p->config.ept_controls & UDV_EPT_MBEC)", "if (p->ept_levels)"),
    ("ept_rights.h", "W above the leaf does not matter to a paging write",
     "return t->tables & leaf & EPT_R && t->tables & EPT_W && write;",
     "return t->tables & leaf & EPT_R && write;"),
    ("ept_rights.h", "CPL, not the address, chooses the execute right",
     "bool user_address = w->result->guest_rights & UDV_GUEST_USER;",
     "bool user_address = is_user(w->access);"),
    ("ept_rights.h", "sub-page permissions serve transactions",
     "!(w->access & (UDV_ACCESS_RTM | UDV_ACCESS_ENCLAVE));",
     "!(w->access & UDV_ACCESS_ENCLAVE);"),
    ("spp.c", "the sub-page vector has one bit a sub-page",
     "if (!(vector >> (2 * page) & 1))", "if (!(vector >> page & 1))"),
    ("refuse.c", "the guest-physical address loses its low bits",
     "w->result->gpa = UDV_GPA(target->gpa);",
     "w->result->gpa = UDV_GPA(target->gpa & ~BITS(11, 0));"),
    ("refuse.c", "table accesses of a shadow-stack access are shadow-stack accesses",
     "fault->flags &= ~UDV_FAULT_SHADOW_STACK;", "fault->flags |= 0;"),
    ("linear.h", "LAM for supervisor addresses masks six bits in either mode",
     "sign_bit = levels == 5 ? 56 : 47;", "sign_bit = 56;"),
    ("flags.c", "a peek writes",
     "if (w->access & UDV_ACCESS_PEEK) {", "if (!w->access) {"),
    ("flags.c", "the log index stays at 0",
     "w->pml_index--;", "w->pml_index = w->pml_index ? (uint16_t)(w->pml_index - 1) : 0;"),
    ("pdpte.c", "a PDPTE load counts as a write",
     "UDV_ACCESS_READ | (flags", "UDV_ACCESS_READ | UDV_ACCESS_WRITE | (flags"),
    ("exit_info.c", "bits 11:9 are reported without the capability",
     "if (ept_vpid_cap & UDV_EPT_CAP_ADVANCED_INFO)", "if (ept_vpid_cap | 1)"),
]

FLAGS = ["-std=gnu17", "-O1", "-w"]


class Builder:
    """Compiles the library and the enumerator from copies in a directory of its own."""

    def __init__(self, cc, root, work):
        self.cc, self.root, self.work = cc, root, work
        self.includes = ["-I", os.path.join(root, "include")]

    def compile(self, source, target, house):
        subprocess.run(self.cc + FLAGS + self.includes + ["-I", house, "-c", source, "-o", target],
                       check=True)

    def dependencies(self, source, house):
        out = subprocess.run(self.cc + FLAGS + self.includes + ["-I", house, "-MM", source],
                             check=True, capture_output=True, text=True).stdout
        return {os.path.basename(name) for name in out.replace("\\\n", " ").split()[1:]
                if os.sep + "paging" + os.sep in name}

    def sources(self):
        house = os.path.join(self.root, "src")
        library = [f for part in ("base", "arch", "paging")
                   for f in sorted(glob.glob(os.path.join(house, part, "*.c")))]
        tests = [os.path.join(self.root, "tests", "oracle", f + ".c") for f in
                 ("cases", "compare", "enumerate", "groups", "l1", "oracle", "oracle_ept",
                  "oracle_guest", "oracle_l1", "oracle_report", "print", "rig", "world")]
        return house, library, tests

    def build_all(self, jobs):
        house, library, tests = self.sources()
        self.objects = {}
        self.uses = {}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            waiting = []
            for number, source in enumerate(library + tests):
                target = os.path.join(self.work, f"{number}.o")
                self.objects[source] = target
                waiting.append(pool.submit(self.compile, source, target, house))
                if os.sep + "paging" + os.sep in source:
                    self.uses[source] = self.dependencies(source, house)
            for job in waiting:
                job.result()

    def link(self, objects, target):
        subprocess.run(self.cc + objects + ["-o", target], check=True)
        return target

    def build_mutant(self, number, name, text):
        place = os.path.join(self.work, f"mutant{number}")
        house = os.path.join(place, "src")
        shutil.copytree(os.path.join(self.root, "src"), house)
        with open(os.path.join(house, "paging", name), "w", encoding="utf-8") as f:
            f.write(text)
        objects = dict(self.objects)
        for source, used in self.uses.items():
            if name in used or os.path.basename(source) == name:
                target = os.path.join(place, os.path.basename(source) + ".o")
                self.compile(os.path.join(house, "paging", os.path.basename(source)), target, house)
                objects[source] = target
        return self.link(list(objects.values()), os.path.join(place, "enumerate"))


def mutate(root, name, old, new):
    """The file's text with the one place changed, or None if there is not exactly one."""
    with open(os.path.join(root, "src", "paging", name), encoding="utf-8") as f:
        text = f.read()
    return text.replace(old, new) if text.count(old) == 1 else None


def try_mutant(builder, number):
    name, what, old, new = MUTANTS[number]
    text = mutate(builder.root, name, old, new)
    if text is None:
        return f"ERROR    {name}: {what}: the text to replace is not there exactly once"
    since = time.monotonic()
    program = builder.build_mutant(number, name, text)
    built = time.monotonic()
    # The random mixes find most of them at once; the groups find the rest.
    for group in (["--group", "mix"], []):
        run = subprocess.run([program, "--first"] + group, capture_output=True, text=True)
        if run.returncode:
            break
    took = f"(compiled {built - since:.1f} s, ran {time.monotonic() - built:.1f} s)"
    first = next((line for line in run.stdout.splitlines() if "DIFFERENCE" in line), None)
    if run.returncode == 1 and first:
        return f"caught   {name}: {what}: {first} {took}"
    return f"SURVIVED {name}: {what} (status {run.returncode}) {took}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True, help="the source tree")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="mutants whose file or description contains this")
    parser.add_argument("cc", nargs="+", help="the compiler, with its arguments")
    options = parser.parse_args()
    chosen = [n for n, m in enumerate(MUTANTS)
              if not options.only or options.only in m[0] + ": " + m[1]]
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        builder = Builder(options.cc, os.path.abspath(options.root), work)
        builder.build_all(options.jobs)
        plain = builder.link(list(builder.objects.values()), os.path.join(work, "enumerate"))
        if subprocess.run([plain, "--limit", "20000"], stdout=subprocess.DEVNULL).returncode:
            print("ERROR    the unchanged walker differs from the oracle")
            return 1
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for line in pool.map(lambda n: try_mutant(builder, n), chosen):
                print(line, flush=True)
                failed += not line.startswith("caught")
    print(f"{len(chosen) - failed} of {len(chosen)} mutants caught")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
