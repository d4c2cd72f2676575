# SPDX-License-Identifier: MIT
"""Which addresses are walked: by region and page size, unmapped ones, non-canonical ones."""

import random
from collections import defaultdict

from truth import SIZE_NAMES

SEED = 2
PER_GROUP = 80  # addresses of each region and page size
GAPS = 24  # holes looked into in each region
NOT_CANONICAL = 90


def choose(truth):
    """{address: label}, in a random but repeatable order for repeatable input."""
    rng = random.Random(SEED)
    chosen = {}
    _mapped(truth, rng, chosen)
    _unmapped(truth, rng, chosen)
    _not_canonical(truth, rng, chosen)
    addresses = list(chosen)
    rng.shuffle(addresses)
    return {address: chosen[address] for address in addresses}


def _mapped(truth, rng, chosen):
    groups = defaultdict(list)
    for page in truth.pages:
        groups[truth.region(page.start), page.shift].append(page)
    for (region, shift), pages in groups.items():
        label = f"{region}, {SIZE_NAMES[shift]}"
        # The first and the last byte of a page, then any byte of any page, never the first.
        edge = rng.choice(pages)
        chosen[edge.start] = label
        chosen[edge.end - 1] = label
        picked = rng.sample(pages, PER_GROUP) if len(pages) > PER_GROUP else pages
        for count in range(PER_GROUP - 2):
            page = picked[count % len(picked)]
            chosen[page.start + rng.randrange(1, 1 << shift)] = label


def _unmapped(truth, rng, chosen):
    holes = defaultdict(list)
    for left, right in zip(truth.pages, truth.pages[1:]):
        if left.end < right.start:
            for page in (left, right):
                holes[truth.region(page.start)].append((left.end, right.start))
    for region, all_holes in holes.items():
        for start, end in rng.sample(all_holes, min(GAPS, len(all_holes))):
            for address in (start, end - 1, rng.randrange(start, end)):
                if truth.canonical(address):
                    chosen.setdefault(address, f"unmapped, beside {region}")
    last = (1 << (truth.width - 1)) - 1
    for address in (0, 1, last, (1 << 64) - 1 - last, (1 << 64) - 1, 0x7fff_ffff_ffff,
                    0xffff_8000_0000_0000):
        if truth.canonical(address) and not truth.page(address):
            chosen[address] = "unmapped, at the ends"


def _not_canonical(truth, rng, chosen):
    first = 1 << (truth.width - 1)
    edges = [first, (1 << 64) - first - 1, 1 << 63, (1 << 63) - 1]
    edges += [first + rng.randrange((1 << 64) - 2 * first) for _ in range(NOT_CANONICAL // 2)]
    # Addresses that would be mapped, with one bit of the sign turned over.
    while len(edges) < NOT_CANONICAL:
        page = rng.choice(truth.pages)
        bit = rng.randrange(truth.width, 64)
        edges.append(page.start ^ 1 << bit)
    for address in edges:
        if not truth.canonical(address):
            chosen[address] = "not canonical"
