# SPDX-License-Identifier: MIT
"""What an access to an address must come to, given how QEMU says the address is mapped.

SDM Vol 3A "Determination of Access Rights", "Protection Keys" and "Page-Fault Exceptions",
written down for 4-level and 5-level paging only.
"""

from dataclasses import dataclass

CR0_WP = 1 << 16
CR4_LA57 = 1 << 12
CR4_SMEP, CR4_SMAP, CR4_PKE = 1 << 20, 1 << 21, 1 << 22
EFER_SCE, EFER_NXE = 1 << 0, 1 << 11

PF_P, PF_W, PF_U, PF_I, PF_PK = 0x01, 0x02, 0x04, 0x10, 0x20


@dataclass(frozen=True)
class Access:
    """An access as the command's options say it, and registers that differ from the guest's."""

    options: tuple
    pkru: int = 0
    wp: int = 1

    def has(self, option):
        return option in self.options

    @property
    def user(self):
        return self.has("--user") and not self.has("--implicit")

    @property
    def write(self):
        return self.has("--write") or self.has("--rmw")

    @property
    def fetch(self):
        return self.has("--fetch")


def refused(mapping, access, registers):
    """(refused by rights, refused by the protection key) for a mapped address."""
    write_protect = registers["cr0"] & CR0_WP
    smep, smap = registers["cr4"] & CR4_SMEP, registers["cr4"] & CR4_SMAP
    no_execute = mapping.no_execute and registers["efer"] & EFER_NXE
    if access.user:
        rights = not mapping.user or (access.write and not mapping.write)
    elif access.fetch:
        rights = mapping.user and smep
    else:
        ac = access.has("--ac") and not access.has("--implicit")
        rights = mapping.user and smap and not ac
        rights = rights or (access.write and not mapping.write and write_protect)
    rights = rights or (access.fetch and no_execute)

    key = access.pkru >> 2 * mapping.key & 3
    by_key = False
    if mapping.user and registers["cr4"] & CR4_PKE and not access.fetch:
        by_key = key & 1 or (access.write and key & 2 and (access.user or write_protect))
    return bool(rights), bool(by_key)


def outcome(mapping, canonical, access, registers):
    """("ok", physical address), ("page-fault", error code) or ("not-canonical", None)."""
    if not canonical:
        return "not-canonical", None
    rights, by_key = refused(mapping, access, registers) if mapping else (True, False)
    if not rights and not by_key:
        return "ok", mapping.physical
    code = PF_P if mapping else 0
    if access.write:
        code |= PF_W
    if access.user:
        code |= PF_U
    if access.fetch and (registers["efer"] & EFER_NXE or registers["cr4"] & CR4_SMEP):
        code |= PF_I
    return "page-fault", code | (PF_PK if by_key else 0)
