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
    ("walk.c", "guest-paging verification without its control",
     "unlikely(p->config.ept_controls & UDV_EPT_VERIFICATION)", "p->ept_levels"),
    ("walk.c", "what a report says of verification is not heard",
     "return !w->unverified;", "return true;"),
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
    ("refuse.c", "a fault does not say that an event was being delivered",
     "fault->flags |= UDV_FAULT_EVENT_DELIVERY;", "fault->flags |= 0;"),
    ("refuse.c", "table accesses of a shadow-stack access are shadow-stack accesses",
     "fault->flags &= ~UDV_FAULT_SHADOW_STACK;", "fault->flags |= 0;"),
    ("linear.h", "LAM for supervisor addresses masks six bits in either mode",
     "width = levels == 5 ? 57 : 48;", "width = 57;"),
    ("flags.c", "a peek writes",
     "if (w->access & UDV_ACCESS_PEEK) {", "if (!w->access) {"),
    ("flags.c", "the log index stays at 0",
     "w->pml_index--;", "w->pml_index = w->pml_index ? (uint16_t)(w->pml_index - 1) : 0;"),
    ("pdpte.c", "a PDPTE load counts as a write",
     "UDV_ACCESS_READ | (flags", "UDV_ACCESS_READ | UDV_ACCESS_WRITE | (flags"),
    ("guest_rights.h", "SMAP is blamed on the mode", "return UDV_CAUSE_SMAP;",
     "return UDV_CAUSE_USER;"),
    ("linear.h", "LASS is asked before the canonical check",
     "return refuse_linear(w, UDV_CAUSE_NOT_CANONICAL);",
     "return refuse_linear(w, lass_violated(c, w->access, *gla) && c->cr4 & CR4_LASS ? "
     "UDV_CAUSE_LASS : UDV_CAUSE_NOT_CANONICAL);"),

    ("exit_info.c", "the guest-physical address loses its low bits",
     "UDV_GPA(walk->gpa.value & ~hidden)", "UDV_GPA(walk->gpa.value & ~BITS(11, 0))"),
    ("exit_info.c", "enclave mode hides nothing",
     "walk->fault.flags & UDV_FAULT_ENCLAVE ? BITS(11, 0) : 0", "0"),
    ("exit_info.c", "bits 11:9 are reported without the capability",
     "if (ept_vpid_cap & UDV_EPT_CAP_ADVANCED_INFO)", "if (ept_vpid_cap | 1)"),
    ("exit_info.c", "bits 11:9 are reported of a table access",
     "if (!(walk->fault.flags & UDV_FAULT_RIGHTS_VALID))", "if (!walk)"),
    ("exit_info.c", "bit 14 without a leaf",
     "&& fault->flags & UDV_FAULT_LEAF_REACHED &&", "&&"),
    ("exit_info.c", "bit 14 without EPTP[7]", "fault->flags & UDV_FAULT_SSS_CONTROL &&", ""),
    ("exit_info.c", "bit 12 while an event is delivered",
     "return relevant == UDV_FAULT_NMI_UNBLOCKING ?",
     "return relevant & UDV_FAULT_NMI_UNBLOCKING ?"),
    ("exit_info.c", "bit 13 is lost", "qualification |= UDV_EQ_SHADOW_STACK;", "{}"),
    ("exit_info.c", "bit 15 is lost", "qualification |= UDV_EQ_VERIFICATION;", "{}"),
    ("exit_info.c", "bit 16 is lost", "fault->flags & UDV_FAULT_ASYNC ? UDV_EQ_ASYNC : 0", "0"),
    ("exit_info.c", "a table access has bit 8", "return UDV_EQ_GLA_VALID;",
     "return UDV_EQ_GLA_VALID | UDV_EQ_FINAL;"),
    ("exit_info.c", "a misconfiguration has a linear address", "info.gla_valid = false;",
     "info.gla_valid = true;"),
    ("exit_info.c", "every SPP event is a miss", "if (walk->fault.cause == UDV_CAUSE_SPP_MISS)",
     "if (walk)"),
    ("exit_info.c", "EXITINFO1: a table walk is a read", "|| walk->stage == UDV_STAGE_TABLE)",
     "|| !walk)"),

    # The walk's own guest-physical address in the place of the report's is no mutant: the walk is
    # of that address. Hiding addresses in enclave mode is none, because the processor has done so.
    # A walk that met contention, or none of EPT at all, is in tests/walk/test_report.c.
    ("report.c", "bits 11:9 without the processor's advanced information",
     "\n\t\tif (!report->advanced_info)", "\n\t\tif (!report)"),
    ("report.c", "bits 11:9 of a table access",
     "if (stage == UDV_STAGE_FINAL && l1_cap &", "if (l1_cap &"),
    ("report.c", "bits 11:9 though L1 has no such capability",
     "&& l1_cap & UDV_EPT_CAP_ADVANCED_INFO)", "&& report)"),
    ("report.c", "bit 13 is not the report's", "= UDV_EQ_SHADOW_STACK | UDV_EQ_ASYNC;",
     "= UDV_EQ_ASYNC;"),
    ("report.c", "bit 16 is not the report's", "= UDV_EQ_SHADOW_STACK | UDV_EQ_ASYNC;",
     "= UDV_EQ_SHADOW_STACK;"),
    ("report.c", "bit 8 is not the report's", "|= UDV_EQ_GLA_VALID | UDV_EQ_FINAL;",
     "|= UDV_EQ_GLA_VALID;"),
    ("report.c", "bit 8 without bit 7 reaches L1", "if (stage != UDV_STAGE_NONE)",
     "if (report)"),
    ("report.c", "bit 12 where it is not defined",
     "if (report->nmi_unblocking_defined && !report->event_delivery)",
     "if (!report->event_delivery)"),
    ("report.c", "bit 12 of an access that delivers an event",
     "if (report->nmi_unblocking_defined && !report->event_delivery)",
     "if (report->nmi_unblocking_defined)"),
    ("report.c", "bit 14 is lost in mixing", "UDV_EQ_XU | UDV_EQ_SSS |", "UDV_EQ_XU |"),
    ("report.c", "bit 15 is lost in mixing", "| UDV_EQ_VERIFICATION)", ")"),
    ("report.c", "the guest-physical address is not the report's",
     "UDV_GPA(report->guest_physical_address.value", "UDV_GPA(report->guest_linear_address.value"),
    ("report.c", "a linear address where there is none",
     "info->gla_valid = stage != UDV_STAGE_NONE;", "info->gla_valid = report;"),
    ("report.c", "undefined bits 11:9 become rights", "\n\tif (!report->advanced_info)",
     "\n\tif (!report)"),
    ("report.c", "bit 9 is not heard", "rights |= UDV_GUEST_USER;", "rights |= 0;"),
    ("report.c", "bit 10 is not heard", "rights |= UDV_GUEST_WRITE;", "rights |= 0;"),
    ("report.c", "bit 11 is not heard", "rights |= UDV_GUEST_NX;", "rights |= 0;"),
    ("report.c", "bit 15 is not heard", "origin->unverified = qualification &",
     "origin->unverified = !qualification &"),
    ("report.c", "EPTP02[6] does not matter to what a table access may have been",
     "&& report->ept02_ad && !ept12->ept_ad", "&& !ept12->ept_ad"),
    ("report.c", "EPTP12[6] does not matter to what a table access may have been",
     "&& report->ept02_ad && !ept12->ept_ad", "&& report->ept02_ad"),
    ("report.c", "a table access counts by EPTP02[6]", "if (ept12->ept_ad)",
     "if (report->ept02_ad)"),
    ("report.c", "bit 1 under EPTP02[6] is taken for a write", "if (report->ept02_ad)",
     "if (!report)"),
    ("report.c", "a fetch under MBEC has no mode",
     "ept12->config.ept_controls & UDV_EPT_MBEC", "!ept12"),
    ("report.c", "a shadow-stack access under EPTP[7] has no mode",
     "ept12->config.eptp & EPTP_SSS", "!ept12"),
    ("report.c", "a table access has a mode", "|| report_stage(report) != UDV_STAGE_FINAL)", ")"),
    ("report.c", "the access is no shadow-stack access", "return access | UDV_ACCESS_SHADOW_STACK;",
     "return access;"),
    ("report.c", "the access has no mode", "access |= UDV_ACCESS_USER;", "access |= 0;"),
    ("report.c", "the access unblocks no NMIs", "access |= UDV_ACCESS_NMI_UNBLOCKING;",
     "access |= 0;"),
    ("report.c", "the access is not asynchronous", "access |= UDV_ACCESS_ASYNC;", "access |= 0;"),
    ("report.c", "the access delivers no event", "access |= UDV_ACCESS_EVENT_DELIVERY;",
     "access |= 0;"),
    ("report.c", "the access is in no enclave", "access |= UDV_ACCESS_ENCLAVE;", "access |= 0;"),
    ("report.c", "a probe sets flags", "UDV_ACCESS_READ | UDV_ACCESS_PEEK", "UDV_ACCESS_READ"),
    ("report.c", "a fetch may also write", "|| kind == UDV_EQ_FETCH)", "|| kind)"),
    ("report.c", "a probe's refusal is L1's",
     "if (!is_violation(report) && walk->outcome != UDV_WALK_EPT_MISCONFIG)", "if (!walk)"),
    ("report.c", "a misconfiguration of EPT12 waits for a violation",
     "if (!is_violation(report) && walk->outcome != UDV_WALK_EPT_MISCONFIG)",
     "if (!is_violation(report))"),
    ("report.c", "a read-only table page is enough for a guest flag",
     "&& !(walk->ept_rights & UDV_EPT_W))", "&& !walk)"),
    ("report.c", "a sub-page permission is enough for any number of bytes",
     "walk->write_by_spp ? UDV_ERR_NEEDS_WALK : UDV_OK", "UDV_OK"),
    ("report.c", "a missing table of EPT12 is a permission", "return UDV_ERR_NOT_FOUND;",
     "return UDV_OK;"),
    ("report.c", "half an answer is left behind", "if (status != UDV_OK)", "if (!report)"),

    ("virtualization_exception.c", "without the control",
     "|| !(p->config.ept_controls & UDV_EPT_VE))", ")"),
    ("virtualization_exception.c", "misconfigurations convert",
     "walk->outcome != UDV_WALK_EPT_VIOLATION", "walk->outcome == UDV_WALK_OK"),
    ("virtualization_exception.c", "in real mode", "if (!(p->config.cr0 & CR0_PE))", "if (!p)"),
    ("virtualization_exception.c", "of asynchronous accesses",
     "(UDV_FAULT_ASYNC | UDV_FAULT_EVENT_DELIVERY)", "UDV_FAULT_EVENT_DELIVERY"),
    ("virtualization_exception.c", "while an event is delivered",
     "(UDV_FAULT_ASYNC | UDV_FAULT_EVENT_DELIVERY)", "UDV_FAULT_ASYNC"),
    ("virtualization_exception.c", "bit 63 does not suppress", "|| fault->entry & EPT_SUPPRESS_VE)",
     ")"),
    ("virtualization_exception.c", "without an entry that says so",
     "!(fault->flags & UDV_FAULT_ENTRY_VALID) ||", ""),
    ("virtualization_exception.c", "the busy dword is the first", "VE_BUSY_OFFSET 4",
     "VE_BUSY_OFFSET 0"),
    ("virtualization_exception.c", "the area is always free", "return area_free(p);",
     "return true;"),
]

# The groups that know these files best, to try before all others.
AT_HOME = {
    "report.c": ["report", "report-fields", "report-spp"],
    "exit_info.c": ["shadow-stack", "modifiers"],
    "virtualization_exception.c": ["ve-stages", "ve-width", "ve"],
}

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
    for group in [["--group", g] for g in ["mix"] + AT_HOME.get(name, [])] + [[]]:
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
