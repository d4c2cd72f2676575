#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of "undervisor report" in a browser: what it shows, what keys do, and how quick it is.

usage: browser.py UNDERVISOR IMAGE [CHROMIUM]

A copy of the page gets one more script, which uses it as a reader would and leaves what it found in
the document. The last line is how many checks passed and failed.
"""
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

EXITS = 1_000_000
WORDS = 20_000
# A search, and showing all again, by a processor that has other things to do: several times what they take.
PATIENCE_MS = 5000
OPENING_MS = 20000
BROWSER = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,1600",
           "--virtual-time-budget=20000", "--force-prefers-reduced-motion"]
passed = failed = 0

USE = """
<script>
"use strict";
const found = {};
const key = (node, name) => node.dispatchEvent(
	new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
const count = () => document.getElementById("count").textContent;
const chosen = () => document.querySelector("#rows [aria-selected=true]").textContent;
const type = (text) => {
	document.getElementById("search").value = text;
	document.getElementById("search").dispatchEvent(new Event("input"));
};
const list = document.getElementById("list"), time = document.getElementById("time");

found.opening = Math.round(performance.now()); /* since it was asked for: all is drawn */
found.ready = document.documentElement.dataset.ready;
found.summary = document.getElementById("summary").textContent;
found.all = count();
found.reasons = [...document.querySelectorAll("#reasons tbody tr")].map((r) =>
	[r.cells[0].textContent, r.cells[1].textContent]);
found.opened = document.querySelector("#detail h3").textContent;
found.boxes = document.querySelectorAll("#detail svg rect").length;
found.refuses = document.querySelectorAll("#detail svg .refuses").length;
found.because = document.querySelector("#detail .because").textContent;
key(list, "Home");
found.home = chosen();
key(list, "ArrowDown");
found.second = chosen();
key(list, "End");
found.end = chosen();
key(list, "Home");
key(list, "n");
found.walk = document.querySelectorAll("#detail svg rect").length;
const focused = () => document.activeElement.dataset.reason;
const rowAt = (k) => document.querySelectorAll("#reasons tbody tr")[k];
rowAt(0).focus();
const firstReason = rowAt(0).dataset.reason;
key(document.activeElement, "Enter");
found.only = count();
found.kept = [focused() === firstReason, document.activeElement.getAttribute("aria-selected")];
found.prevented = !key(document.activeElement, " ");
found.space = count();
found.kept.push(focused() === firstReason, document.activeElement.getAttribute("aria-selected"));
key(document.activeElement, "ArrowDown");
found.kept.push(document.activeElement === rowAt(1));
key(document.activeElement, "ArrowUp");
found.kept.push(document.activeElement === rowAt(0));
key(document.body, "Escape");
found.kept.push(focused() === firstReason);
found.grid = document.getElementById("reasons").getAttribute("role");
key(list, "Home");
key(list, "ArrowDown");
found.active = document.getElementById(list.getAttribute("aria-activedescendant"))?.textContent === chosen();
found.place = ["aria-posinset", "aria-setsize"].map((name) => document.querySelector("#rows [aria-selected=true]").getAttribute(name));
list.scrollTop = list.scrollHeight;
drawRows();
found.away = list.hasAttribute("aria-activedescendant");
list.focus();
key(document.body, "Escape");
type("misconfig");
found.search = count();
type("0xffffffffffff0");
found.nothing = count();
found.none = document.getElementById("detail").textContent;
key(document.body, "Escape");
const choose = (id, text) => {
	const box = document.getElementById(id), option = [...box.options].find((o) => o.textContent === text);
	if (!option)
		return "no such choice";
	box.value = option.value;
	box.dispatchEvent(new Event("change"));
	return count();
};
found.choices = ["level", "handler"].map((id) => [...document.getElementById(id).options].map((o) => o.textContent));
found.chosen = found.choices.map((names, k) => {
	const counts = names.map((name) => choose(["level", "handler"][k], name));
	key(document.body, "Escape");
	return counts;
});
found.levels = ["l1", "L2", "l2 ept", "l9", "l1x"].map((text) => { type(text); return count(); });
key(document.body, "Escape");
found.cleared = count();
found.lanes = lanes.map((lane) => laneName(lane));
found.perLane = lanes.map((lane, k) => {
	time.dispatchEvent(new PointerEvent("pointerdown", { clientX: time.getBoundingClientRect().left + 20,
		clientY: time.getBoundingClientRect().top + k * 22 + 11, bubbles: true }));
	const only = count();
	key(document.body, "Escape");
	return only;
});
key(time, "+");
found.zoomed = count();
key(time, "0");
found.again = count();
key(document.body, "/");
found.focus = document.activeElement.id;
const light = getComputedStyle(document.body).backgroundColor;
document.getElementById("theme").click();
found.themes = getComputedStyle(document.body).backgroundColor !== light;
found.wide = document.documentElement.scrollWidth <= innerWidth;
found.painted = ["time", "memory"].map((id) => {
	const c = document.getElementById(id);
	return c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((v) => v);
});
found.milliseconds = (() => {
	const from = performance.now();
	type("ept");
	const search = performance.now() - from;
	key(document.body, "Escape");
	return [Math.round(search), Math.round(performance.now() - from - search)];
})();
document.documentElement.dataset.found = JSON.stringify(found);
</script>
"""


def check(what, got, wanted):
    global passed, failed
    if got == wanted:
        passed += 1
    else:
        failed += 1
        print(f"{what}: {got!r}, not {wanted!r}")


def whole(number):
    return f"{number:,}"


def use(chromium, page, folder, script):
    """What the script finds in @page."""
    text = page.read_text(encoding="utf-8")
    copy = folder / "used.html"
    copy.write_text(text.replace("</html>", script + "</html>"),
                    encoding="utf-8")
    done = subprocess.run([chromium, *BROWSER, f"--user-data-dir={folder}/profile", "--dump-dom",
                           copy.as_uri()], capture_output=True, timeout=300, text=True)
    found = re.search(r'data-found="([^"]*)"', done.stdout)
    if not found:
        sys.exit(f"the page's script did not end: {done.stdout[-500:]} {done.stderr[-2000:]}\n"
                 "0 passed, 1 failed")
    return json.loads(html.unescape(found[1]))


def check_page(chromium, folder, trace, page):
    events = [json.loads(line) for line in trace.open()]
    exits = [e for e in events if e["event"] == "vm-exit"]
    rows = [e for e in events if e["event"] in ("vm-exit", "l0-filled", "l0-emulated")]
    walk = next(e for e in rows if "walk" in e)
    found = use(chromium, page, folder, USE)
    n = len(rows)
    check("exits", found["ready"], str(n))
    check("all are shown", found["all"], f"{whole(n)} of {whole(n)}")
    check("the summary has the exits", f"{whole(len(exits))}" in found["summary"], True)
    counts = {}
    for e in exits:
        name = f"{e['name']} ({int(e['reason'], 16) & 0xff})"
        counts[name] = counts.get(name, 0) + 1
    check("reasons", dict(found["reasons"]), {name: whole(c) for name, c in counts.items()})
    check("opens with the first walk", found["opened"], walk["name"])
    check("its entries", found["boxes"], len(walk["walk"]))
    check("those that refuse", found["refuses"], sum(s["refuses"] for s in walk["walk"]))
    check("because", found["because"], "Because " + walk["because"])
    for where, row in (("home", rows[0]), ("second", rows[1]), ("end", rows[-1])):
        check(where, row.get("words", row["name"]) in found[where], True)
    check("n", found["walk"], len(walk["walk"]))
    only = found["reasons"][0][0].rsplit(" (", 1)[0]
    check("Enter on a reason", found["only"],
          f"{whole(sum(e['name'] == only for e in rows))} of {whole(n)}")
    check("focus stays on the reason", found["kept"], [True, "true", True, "false", True, True, True])
    check("Space on a reason", (found["prevented"], found["space"]), (True, found["all"]))
    check("the reasons are a grid", found["grid"], "grid")
    check("the list's active option", (found["active"], found["away"]), (True, False))
    check("its place", found["place"], ["2", str(n)])
    check("search", found["search"], "{} of {}".format(whole(sum(
        "misconfig" in (e.get("words", "") + e["name"]).lower() for e in rows)), whole(n)))
    check("nothing found", (found["nothing"], found["none"]),
          (f"0 of {whole(n)}", "No exit is like that."))
    of = lambda fits: "{} of {}".format(whole(sum(map(fits, rows))), whole(n))
    levels = sorted({e["level"] for e in rows})
    check("levels to choose", found["choices"][0], ["all levels", *(f"L{level}" for level in levels)])
    check("a level", found["chosen"][0], [found["all"], *(of(lambda e, l=l: e["level"] == l) for l in levels)])
    alone = lambda e: e["event"] != "vm-exit"
    if any(map(alone, rows)):
        check("who saw it", (found["choices"][1][:3], found["chosen"][1][:3]),
              (["all handlers", "seen by L1", "L0 alone"],
               [found["all"], of(lambda e: not alone(e)), of(alone)]))
    check("levels searched", found["levels"],
          [of(lambda e: e["level"] == 1), of(lambda e: e["level"] == 2),
           of(lambda e: e["level"] == 2 and "ept" in (e.get("words", "") + e["name"]).lower()), of(lambda e: 0),
           of(lambda e: "l1x" in e.get("words", "").lower())])
    check("all again", found["cleared"], found["all"])
    lanes = {}
    for e in rows:
        lanes[f"L{e['level']} {e['name']}"] = lanes.get(f"L{e['level']} {e['name']}", 0) + 1
    check("lanes", dict(zip(found["lanes"], found["perLane"])),
          {name: f"{whole(c)} of {whole(n)}" for name, c in lanes.items()})
    check("zoom", found["zoomed"] != found["all"] and found["again"] == found["all"], True)
    check("/", found["focus"], "search")
    check("light and dark", found["themes"], True)
    check("no scrolling sideways", found["wide"], True)
    check("drawings", found["painted"], [True, True])


MEMORY = """
<script>
"use strict";
const canvas = document.getElementById("memory"), scale = devicePixelRatio;
const colour = getComputedStyle(document.documentElement).getPropertyValue("--write").trim();
const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const bands = [];
for (let k = 0; (k + 1) * 26 <= canvas.clientHeight; k++) {
	const { data: p } = canvas.getContext("2d").getImageData(0, k * 26 * scale, canvas.width, 26 * scale);
	let drawn = false;
	for (let i = 0; i < p.length; i += 4)
		drawn ||= p[i] === red && p[i + 1] === green && p[i + 2] === blue && p[i + 3] === 255;
	bands.push(drawn);
}
document.documentElement.dataset.found = JSON.stringify({ label: canvas.getAttribute("aria-label"), bands,
	size: document.getElementById("band").textContent });
</script>
"""


def check_memory(chromium, folder):
    """All of memory that faults touch is drawn, in coarser parts if it is much."""
    for regions, parts, size in ((24, 24, "2 MB"), (25, 13, "4 MB"), (304, 19, "32 MB"), (8192, 16, "1 GB")):
        trace, page = folder / "memory.jsonl", folder / "memory.html"
        trace.write_text("".join(json.dumps(
            {"cpu": 0, "level": 2, "instructions": i, "ns": i * 100, "rip": "0x1", "event": "vm-exit",
             "reason": "0x30", "qualification": "0x2", "guest_physical": hex(i << 21), "name": "EPT_VIOLATION",
             "words": "x"}) + "\n" for i in range(regions)))
        subprocess.run([sys.argv[1], "report", trace, "-o", page], check=True, timeout=60)
        found = use(chromium, page, folder, MEMORY)
        check(f"faults in {regions} regions", found,
              {"label": f"{whole(regions)} EPT faults in {parts} parts of {size}", "size": size,
               "bands": [True] * parts})


EACH = """
<script>
for (let k = 0; k < shown.length; k++)
	select(k);
document.documentElement.dataset.found = `${document.documentElement.dataset.ready} of ${N}, ` +
	`${shown.length} shown`;
</script>
"""


def check_hostile(chromium, folder):
    """What looks like markup in a trace is text in the page."""
    trace, page = folder / "hostile.jsonl", folder / "hostile.html"
    evil = "</script><script>document.documentElement.dataset.evil=1</script><img src=x>"
    event = {"cpu": 0, "level": 2, "instructions": 1, "ns": 1, "rip": "0x1", "event": "vm-exit",
             "reason": "0xa", "qualification": "0x0", "guest_physical": "0x0", "name": evil,
             "words": evil}
    step = {"entry": "EPT PTE", "index": 1, "address": "0x1", "value": "0x0", "guest_physical": "0x0", "flags": "",
            "wrong": "", "refuses": True}
    shapes = [[1, 2], [], [None], {}, "x", [[]], [step, 1]]
    shapes += [[{k: v for k, v in step.items() if k != name}] for name in step]
    shapes += [[step | {name: []}] for name in step]
    fault = event | {"reason": "0x30", "because": "x"}
    events = [event] + [fault | {"walk": walk} for walk in shapes] + [fault | {"walk": [step]}]
    trace.write_text("".join(json.dumps(e) + "\n" for e in events))
    subprocess.run([sys.argv[1], "report", trace, "-o", page], check=True, timeout=60)
    data = json.loads(re.search(r'id="data">\n(.*)\n</script>', page.read_text(encoding="utf-8"))[1])
    check("walks that are none are left out", [i for i, _ in data["walks"]], [len(events) - 1])
    page.write_text(page.read_text(encoding="utf-8") + EACH, encoding="utf-8")
    done = subprocess.run([chromium, *BROWSER, f"--user-data-dir={folder}/profile", "--dump-dom",
                           page.as_uri()], capture_output=True, timeout=120, text=True)
    found = re.search(r'data-found="([^"]*)"', done.stdout)
    check("hostile exits are all shown", found and found[1], f"{len(events)} of {len(events)}, {len(events)} shown")
    check("hostile words run", "data-evil" in done.stdout, False)
    check("hostile words make elements", "<img" in done.stdout.split("<script")[0], False)
    check("hostile words are shown", html.escape(evil, quote=False) in done.stdout, True)


def check_many(chromium, folder):
    """A page of a million exits opens and answers."""
    trace, page = folder / "many.jsonl", folder / "many.html"
    with trace.open("w") as file:
        for i in range(EXITS):
            name, reason = (("EPT_VIOLATION", 48), ("CPUID", 10), ("IO_INSTRUCTION", 30))[i % 3]
            file.write(f'{{"cpu":0,"level":2,"instructions":{i * 70},"ns":{i * 40},"rip":"0x10",'
                       f'"event":"vm-exit","reason":"{reason:#x}","qualification":"0x1",'
                       f'"guest_physical":"{i * 4096 % (1 << 34):#x}","name":"{name}",'
                       f'"words":"{name} {i % WORDS}"' +
                       (',"walk":[{"entry":"EPT PTE","index":1,"address":"0x1","value":"0x0",'
                        '"guest_physical":"0x0","flags":"","wrong":"","refuses":true}],'
                        '"because":"x"' if reason == 48 else "") + "}\n"
                       f'{{"cpu":0,"level":1,"instructions":{i * 70 + 30},"ns":{i * 40 + 20},'
                       '"rip":"0x10","event":"vm-entry","guest_rip":"0x10","injects":"0x0",'
                       '"error_code":"0x0"}\n')
    subprocess.run([sys.argv[1], "report", trace, "-o", page], check=True, timeout=300)
    found = use(chromium, page, folder, USE)
    check("exits of a long trace", found["ready"], str(EXITS))
    check("quick enough", [ms < PATIENCE_MS for ms in found["milliseconds"]], [True, True])
    check("opens quickly enough", found["opening"] < OPENING_MS, True)
    print(f"{EXITS} exits: {page.stat().st_size >> 20} MB, open in {found['opening']} ms, a search takes "
          f"{found['milliseconds'][0]} ms, showing all again {found['milliseconds'][1]} ms")


def main():
    chromium = sys.argv[3] if len(sys.argv) > 3 else shutil.which("chromium")
    if not chromium:
        print("SKIP: there is no chromium to open the report in")
        return 77
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        for engine in ("direct", "nested"):
            trace, page = folder / f"{engine}.jsonl", folder / f"{engine}.html"
            subprocess.run([sys.argv[1], "run", "--engine", engine, "--trace", trace, sys.argv[2]],
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
            subprocess.run([sys.argv[1], "report", trace, "-o", page], check=True, timeout=120)
            check_page(chromium, folder, trace, page)
        check_memory(chromium, folder)
        check_hostile(chromium, folder)
        check_many(chromium, folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
