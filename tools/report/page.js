"use strict";
/* Everything that comes from the trace reaches the page as text, never as markup. */

const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const HANDLERS = ["processor", "shown by L0", "found by L0", "L0: filled EPT02", "L0: emulated"];
const PROCESSOR = 0, FOUND = 2, FILLED = 3;
const EPT_VIOLATION = 48, EPT_MISCONFIG = 49;
const ROW = 24;

function column(name, Type) {
	const text = atob(data.columns[name]);
	const bytes = new Uint8Array(text.length);

	for (let i = 0; i < bytes.length; i++)
		bytes[i] = text.charCodeAt(i);
	return new Type(bytes.buffer);
}

const ns = column("ns", Float64Array), cost = column("cost_ns", Float64Array);
const instructions = column("instructions", Float64Array);
const spent = column("cost_instructions", Float64Array);
const rip = column("rip", BigUint64Array), gpa = column("guest_physical", BigUint64Array);
const gla = column("guest_linear", BigUint64Array);
const qualification = column("qualification", BigUint64Array);
const words = column("words", Uint32Array), cpu = column("cpu", Uint8Array);
const level = column("level", Uint8Array);
const kind = column("kind", Uint8Array), reason = column("reason", Uint8Array);
const failed = column("failed", Uint8Array);
const N = ns.length;
const walks = new Map(data.walks);
const begin = N ? ns[0] : 0, end = N ? Math.max(ns[N - 1], ns[0] + 1) : 1;

/* ---------------------------------------------------------------- small things */

function element(name, properties = {}, ...children) {
	const node = Object.assign(document.createElement(name), properties);

	node.append(...children);
	return node;
}

function drawn(name, attributes, text) {
	const node = document.createElementNS("http://www.w3.org/2000/svg", name);

	for (const [key, value] of Object.entries(attributes))
		node.setAttribute(key, value);
	if (text !== undefined)
		node.textContent = text;
	return node;
}

const hex = (value) => "0x" + value.toString(16);
const whole = (value) => Math.round(value).toLocaleString("en");
const reasonName = (r) => data.reasons[r] || "reason " + r;

function duration(t) {
	for (const [size, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]])
		if (t >= size)
			return (t / size).toPrecision(4) + " " + unit;
	return Math.round(t) + " ns";
}

function style(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/* A canvas in device pixels: its context, and its size in those of CSS. */
function surface(canvas, height) {
	const width = canvas.clientWidth, scale = window.devicePixelRatio || 1;

	canvas.style.height = height + "px";
	canvas.width = width * scale;
	canvas.height = height * scale;
	const context = canvas.getContext("2d");
	context.scale(scale, scale);
	context.font = "12px system-ui, sans-serif";
	return [context, width];
}

/* ---------------------------------------------------------------- what is shown */

const view = { from: begin, to: end, reason: -1, level: -1, handler: 0, text: "", selected: -1 };
let shown = new Uint32Array(0);

/* Which words, reasons and numbers the search means; a level may come first. */
function query(text) {
	const [, of, wanted] = /^(?:l(\d)(?![^\s]))?\s*(.*)$/s.exec(text.trim().toLowerCase());
	const matches = queryWords(wanted);

	return of === undefined ? matches : (i) => level[i] === Number(of) && matches(i);
}

function queryWords(wanted) {
	if (!wanted)
		return () => true;
	if (/^0x[0-9a-f]+$/.test(wanted)) {
		const number = BigInt(wanted), page = number >> 12n, whole_page = !(number & 0xfffn);

		return (i) => rip[i] === number || qualification[i] === number ||
			gpa[i] === number || gla[i] === number ||
			(whole_page && gpa[i] >> 12n === page);
	}
	const word = data.words.map((w) => w.toLowerCase().includes(wanted));
	const named = Array.from({ length: 256 },
				 (_, r) => reasonName(r).toLowerCase().includes(wanted));
	return (i) => named[reason[i]] || word[words[i]];
}

function inTime(i) {
	return ns[i] >= view.from && ns[i] <= view.to;
}

function filter() {
	const matches = query(view.text), handled = HANDLERS.map((_, k) => handlers[view.handler].has(k));
	const list = new Uint32Array(N);
	let n = 0;

	for (let i = 0; i < N; i++)
		if (inTime(i) && (view.reason < 0 || reason[i] === view.reason) &&
		    (view.level < 0 || level[i] === view.level) && handled[kind[i]] && matches(i))
			list[n++] = i;
	shown = list.subarray(0, n);
	at("count").textContent = `${whole(n)} of ${whole(N)}`;
	if (shown[position()] !== view.selected)
		view.selected = n ? shown[0] : -1;
	drawTime();
	drawMemory();
	fillReasons();
	at("spacer").style.height = n * ROW + "px";
	at("list").scrollTop = Math.max(0, position() - 5) * ROW;
	drawRows();
	showDetail();
}

/* ---------------------------------------------------------------- over time */

const LABEL = 190, LANE = 22;
let lanes = [];

/* A lane is one reason at one level: an exit of L1 is another thing than one of L2. */
const laneOf = (i) => level[i] << 8 | reason[i];
const laneName = (lane) => `L${lane >> 8} ${reasonName(lane & 255)}`;

function laneOrder() {
	const count = new Float64Array(1 << 16);

	for (let i = 0; i < N; i++)
		count[laneOf(i)]++;
	return [...count.keys()].filter((lane) => count[lane])
		.sort((a, b) => (b >> 8) - (a >> 8) || count[b] - count[a]);
}

function isChosen(lane) {
	return view.reason === (lane & 255) && (view.level < 0 || view.level === lane >> 8);
}

function timeAt(x, width) {
	return view.from + (x - LABEL) / (width - LABEL) * (view.to - view.from);
}

function laneCounts(bins) {
	const lane = new Int32Array(1 << 16), counts = lanes.map(() => new Float64Array(bins));
	const scale = bins / (view.to - view.from);

	lanes.forEach((which, k) => { lane[which] = k; });
	for (const i of shown)
		counts[lane[laneOf(i)]][Math.min(bins - 1, Math.floor((ns[i] - view.from) * scale))]++;
	return counts;
}

function drawAxis(context, width, y) {
	const steps = Math.max(1, Math.floor((width - LABEL) / 160));

	context.fillStyle = style("--soft");
	for (let k = 0; k <= steps; k++) {
		const x = LABEL + (width - LABEL - 1) * k / steps;

		context.globalAlpha = .35;
		context.fillRect(x, 0, 1, y + 4);
		context.globalAlpha = 1;
		context.textAlign = k === steps ? "right" : "left";
		context.fillText(duration(view.from + (view.to - view.from) * k / steps),
				 x + (k === steps ? -3 : 3), y + 14);
	}
}

function drawTime() {
	const height = lanes.length * LANE + 24;
	const [context, width] = surface(at("time"), Math.max(height, 60));
	const bins = Math.max(1, Math.floor(width - LABEL));
	const counts = laneCounts(bins), mark = style("--mark");

	drawAxis(context, width, lanes.length * LANE);
	drawLanes(context, counts, mark);
}

function drawLanes(context, counts, mark) {
	const most = Math.log1p(Math.max(1, ...counts.map((c) => c.reduce((a, b) => a > b ? a : b, 0))));

	context.textAlign = "right";
	counts.forEach((lane, k) => {
		const y = k * LANE;

		if (k && lanes[k] >> 8 !== lanes[k - 1] >> 8) {
			context.fillStyle = style("--soft");
			context.fillRect(0, y, context.canvas.clientWidth, 1);
		}
		context.fillStyle = style(isChosen(lanes[k]) ? "--accent" : "--text");
		context.fillText(laneName(lanes[k]), LABEL - 8, y + 15, LABEL - 12);
		lane.forEach((count, x) => {
			if (!count)
				return;
			context.fillStyle = `rgba(${mark}, ${.3 + .7 * Math.log1p(count) / most})`;
			context.fillRect(LABEL + x, y + 3, 1, LANE - 6);
		});
	});
}

function zoom(from, to) {
	view.from = Math.max(begin, Math.min(from, to));
	view.to = Math.min(end, Math.max(from, to, view.from + 1));
	filter();
}

function zoomKey(key) {
	const middle = (view.from + view.to) / 2, half = (view.to - view.from) / 2;

	if (key === "+" || key === "=")
		zoom(middle - half / 2, middle + half / 2);
	else if (key === "-")
		zoom(middle - half * 2, middle + half * 2);
	else if (key === "ArrowLeft")
		zoom(Math.max(begin, view.from - half / 2), Math.max(begin, view.from - half / 2) + 2 * half);
	else if (key === "ArrowRight")
		zoom(Math.min(end, view.to + half / 2) - 2 * half, Math.min(end, view.to + half / 2));
	else if (key === "0")
		zoom(begin, end);
	else
		return false;
	return true;
}

function tip(event, text) {
	const box = at("tip");

	box.hidden = !text;
	if (!text)
		return;
	box.textContent = text;
	box.style.left = Math.min(event.clientX + 14, innerWidth - box.offsetWidth - 8) + "px";
	box.style.top = event.clientY + 16 + "px";
}

function wireTime() {
	const canvas = at("time");
	let drag = -1;

	canvas.addEventListener("keydown", (event) => {
		if (zoomKey(event.key))
			event.preventDefault();
	});
	canvas.addEventListener("pointerdown", (event) => {
		if (event.offsetX < LABEL) {
			const lane = lanes[Math.floor(event.offsetY / LANE)];

			if (lane !== undefined)
				only(lane & 255, lane >> 8);
			return;
		}
		drag = event.offsetX;
		canvas.setPointerCapture(event.pointerId);
	});
	canvas.addEventListener("pointerup", (event) => {
		const x = Math.max(event.offsetX, LABEL), width = canvas.clientWidth;

		if (drag >= 0 && Math.abs(x - drag) > 4)
			zoom(timeAt(drag, width), timeAt(Math.min(x, width), width));
		drag = -1;
		drawTime();
	});
	canvas.addEventListener("dblclick", () => zoom(begin, end));
	canvas.addEventListener("pointerleave", (event) => tip(event, ""));
	canvas.addEventListener("pointermove", (event) => {
		const lane = lanes[Math.floor(event.offsetY / LANE)];

		tip(event, event.offsetX < LABEL || lane === undefined ? "" :
		    `${laneName(lane)} at ${duration(timeAt(event.offsetX, canvas.clientWidth))}`);
		if (drag < 0)
			return;
		drawTime();
		const context = canvas.getContext("2d");
		context.fillStyle = `rgba(${style("--mark")}, .15)`;
		context.fillRect(drag, 0, event.offsetX - drag, canvas.clientHeight);
	});
}

/* ---------------------------------------------------------------- over memory */

const BAND = 26, BANDS = 24;
const isEpt = (i) => reason[i] === EPT_VIOLATION || reason[i] === EPT_MISCONFIG;

function colorOf(i) {
	const access = Number(qualification[i] & 7n);

	if (reason[i] === EPT_MISCONFIG)
		return "--misconfig";
	return access & 4 ? "--fetch" : access & 2 ? "--write" : "--read";
}

/* The parts of memory that faults are in, as small as there is room for: from 2 MB on. */
function bandsOf(faults) {
	let shift = 21n, parts = new Set();

	for (const i of faults)
		parts.add(gpa[i] >> shift);
	for (; parts.size > BANDS; shift++)
		parts = new Set(Array.from(parts, (part) => part >> 1n));
	return [shift, [...parts].sort((a, b) => a < b ? -1 : 1)];
}

/* 2^@shift bytes in words. */
function sizeText(shift) {
	const unit = Math.min(Math.floor(shift / 10), 6);

	return 2 ** (shift - unit * 10) + " " + ["bytes", "KB", "MB", "GB", "TB", "PB", "EB"][unit];
}

function drawMemory() {
	const faults = shown.filter((i) => isEpt(i)), [shift, parts] = bandsOf(faults);
	const rank = new Map(parts.map((part, k) => [part, k])), size = sizeText(Number(shift));

	at("memory-section").hidden = !faults.length;
	if (!faults.length)
		return;
	at("band").textContent = size;
	at("memory").setAttribute("aria-label", `${whole(faults.length)} EPT faults in ${parts.length} parts of ${size}`);
	const [context, width] = surface(at("memory"), parts.length * BAND + 26);
	drawBands(context, width, parts, shift);
	drawFaults(context, width, faults, rank, shift);
}

function drawBands(context, width, parts, shift) {
	drawAxis(context, width, parts.length * BAND);
	context.textAlign = "right";
	parts.forEach((part, k) => {
		context.fillStyle = style("--text");
		context.fillText(hex(part << shift), LABEL - 8, k * BAND + 17);
		context.fillStyle = style("--line");
		context.fillRect(LABEL, (k + 1) * BAND - 1, width - LABEL, 1);
	});
}

function drawFaults(context, width, faults, rank, shift) {
	const inside = (1n << shift) - 1n, size = 2 ** Number(shift);
	const scale = (width - LABEL - 3) / (view.to - view.from);
	const colors = new Map(["--read", "--write", "--fetch", "--misconfig"].map((c) => [c, style(c)]));

	for (const i of faults) {
		const k = rank.get(gpa[i] >> shift);

		context.fillStyle = colors.get(colorOf(i));
		context.fillRect(LABEL + (ns[i] - view.from) * scale,
				 k * BAND + 1 + Number(gpa[i] & inside) / size * (BAND - 5), 3, 3);
	}
}

/* ---------------------------------------------------------------- by reason */

function totals() {
	const rows = new Map();

	for (const i of shown) {
		if (kind[i] > FOUND)
			continue; /* L0's alone: L1 has not spent anything */
		let row = rows.get(reason[i]);

		if (!row)
			rows.set(reason[i], row = { exits: 0, known: 0, time: 0, longest: 0, instructions: 0 });
		row.exits++;
		if (cost[i] < 0)
			continue;
		row.known++;
		row.time += cost[i];
		row.instructions += spent[i];
		row.longest = Math.max(row.longest, cost[i]);
	}
	return [...rows].sort((a, b) => b[1].time - a[1].time || b[1].exits - a[1].exits);
}

function fillReasons() {
	const body = at("reasons").tBodies[0], rows = totals();
	const all = rows.reduce((sum, [, row]) => sum + row.time, 0) || 1;
	const focused = body.contains(document.activeElement) ? document.activeElement.dataset.reason : undefined;

	body.replaceChildren(...rows.map(([r, row]) => {
		const bar = element("i");
		const line = element("tr", { tabIndex: 0 }, element("td", { textContent: `${reasonName(r)} (${r})` }),
			element("td", { textContent: whole(row.exits) }),
			element("td", { textContent: duration(row.time) }),
			element("td", { className: "share", title: (row.time / all * 100).toFixed(1) + " %" }, bar),
			element("td", { textContent: row.known ? duration(row.time / row.known) : "" }),
			element("td", { textContent: row.known ? duration(row.longest) : "" }),
			element("td", { textContent: whole(row.instructions) }));

		bar.style.width = row.time / all * 100 + "%";
		line.dataset.reason = r;
		line.setAttribute("aria-selected", view.reason === r);
		line.addEventListener("click", () => only(r));
		line.addEventListener("keydown", (event) => {
			if (reasonKey(event.key, line, r))
				event.preventDefault();
		});
		return line;
	}));
	/* The row that had the focus is another node now. */
	if (focused !== undefined)
		body.querySelector(`tr[data-reason="${focused}"]`)?.focus({ preventScroll: true });
}

function reasonKey(key, line, r) {
	if (key === "Enter" || key === " ")
		only(r);
	else if (key === "ArrowDown")
		line.nextElementSibling?.focus();
	else if (key === "ArrowUp")
		line.previousElementSibling?.focus();
	else
		return false;
	return true;
}

/* These exits alone, at any level or at one; or no longer. */
function only(r, of = -1) {
	const on = view.reason !== r || view.level !== of;

	view.reason = on ? r : -1;
	view.level = on ? of : -1;
	at("level").value = view.level;
	filter();
}

/* ---------------------------------------------------------------- one by one */

function drawRows() {
	const list = at("list"), first = Math.floor(list.scrollTop / ROW);
	const last = Math.min(shown.length, first + Math.ceil(list.clientHeight / ROW) + 1);
	const rows = at("rows");

	rows.style.transform = `translateY(${first * ROW}px)`;
	rows.replaceChildren();
	list.removeAttribute("aria-activedescendant");
	for (let k = first; k < last; k++) {
		const i = shown[k], text = data.words[words[i]] || reasonName(reason[i]);
		const row = element("div", { title: text },
			element("span", { textContent: duration(ns[i]) }),
			element("span", { textContent: `${cpu[i]} L${level[i]}` }),
			element("span", { textContent: text }),
			element("span", { textContent: (walks.has(i) ? "walk " : "") +
				(kind[i] === PROCESSOR ? "" : HANDLERS[kind[i]]) }));

		row.setAttribute("role", "option");
		row.id = "exit-" + i;
		row.setAttribute("aria-selected", i === view.selected);
		row.setAttribute("aria-setsize", shown.length);
		row.setAttribute("aria-posinset", k + 1);
		row.addEventListener("click", () => select(k));
		rows.append(row);
		if (i === view.selected)
			list.setAttribute("aria-activedescendant", row.id);
	}
}

function select(k) {
	const list = at("list");

	if (!shown.length)
		return;
	k = Math.max(0, Math.min(shown.length - 1, k));
	view.selected = shown[k];
	history.replaceState(null, "", "#" + view.selected);
	if (k * ROW < list.scrollTop)
		list.scrollTop = k * ROW;
	else if ((k + 1) * ROW > list.scrollTop + list.clientHeight)
		list.scrollTop = (k + 1) * ROW - list.clientHeight;
	drawRows();
	showDetail();
}

/* Where the selected one is: shown is in order. */
function position() {
	let low = 0, high = shown.length;

	while (low < high) {
		const middle = (low + high) >> 1;

		if (shown[middle] < view.selected)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

function nextWalk() {
	for (let k = position() + 1; k < shown.length; k++)
		if (walks.has(shown[k]))
			return k;
	return position();
}

function listKey(key) {
	const page = Math.floor(at("list").clientHeight / ROW) - 1, k = position();
	const to = { ArrowDown: k + 1, ArrowUp: k - 1, PageDown: k + page, PageUp: k - page, Home: 0,
		     End: shown.length - 1, " ": k }[key];

	if (key === "n")
		select(nextWalk());
	else if (to !== undefined)
		select(to);
	else
		return false;
	return true;
}

function facts(i) {
	const rows = [["Virtual time", duration(ns[i])], ["Instructions before", whole(instructions[i])],
		      ["Processor", `${cpu[i]}, level L${level[i]}`], ["Handled by", HANDLERS[kind[i]]],
		      ["RIP", hex(rip[i])], ["Qualification", hex(qualification[i])]];

	if (gpa[i])
		rows.push(["Guest-physical address", hex(gpa[i])]);
	if (gla[i])
		rows.push(["Guest-linear address", hex(gla[i])]);
	if (cost[i] >= 0)
		rows.push(["Until the next entry", `${duration(cost[i])}, ${whole(spent[i])} instructions`]);
	return rows;
}

function showDetail() {
	const box = at("detail"), i = view.selected;

	box.replaceChildren();
	if (i < 0) {
		box.append(element("p", { className: "help", textContent: N ? "No exit is like that." : "There is no exit in the trace." }));
		return;
	}
	const list = element("dl");
	for (const [name, value] of facts(i))
		list.append(element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value })));
	box.append(element("h3", { textContent: reasonName(reason[i]) + (failed[i] ? ", a failed VM entry" : "") }),
		   element("div", { textContent: data.words[words[i]] }), list);
	const walk = walks.get(i);
	if (walk)
		box.append(element("p", { className: "because", textContent: "Because " + walk.because }), drawWalk(walk.walk));
	else if (isEpt(i) && kind[i] <= FOUND)
		box.append(element("p", { className: "help", textContent: "Its walk was left out: report --walks gives more." }));
}

/* ---------------------------------------------------------------- the drawn walk */

const BOX_W = 158, BOX_H = 52, GAP = 22;

/* A line for each guest-physical address: its EPT entries, then the guest's entry there. */
function walkLines(steps) {
	const lines = [];

	for (const step of steps) {
		const ept = step.entry.startsWith("EPT");
		let line = lines[lines.length - 1];

		if (!line || line.guest || line.gpa !== step.guest_physical)
			lines.push(line = { gpa: step.guest_physical, ept: [], guest: null });
		if (ept || step.entry.startsWith("SPP"))
			line.ept.push(step);
		else
			line.guest = step;
	}
	return lines;
}

function drawBox(step, x, y, guest) {
	const group = drawn("g", { class: (guest ? "guest" : "") + (step.refuses ? " refuses" : "") });

	group.append(drawn("title", {}, `${step.entry} at ${step.address}`),
		     drawn("rect", { x, y, width: BOX_W, height: BOX_H, rx: 5 }),
		     drawn("text", { x: x + 8, y: y + 16 }, `${step.entry}[${step.index}]`),
		     drawn("text", { x: x + 8, y: y + 31 }, step.value),
		     drawn("text", { x: x + 8, y: y + 45, class: "soft" },
			   [step.flags, step.wrong].filter(Boolean).join(" ")));
	return group;
}

function drawWalk(steps) {
	const lines = walkLines(steps), most = Math.max(...lines.map((l) => l.ept.length));
	const pitch = BOX_H + 40, width = (most + 1) * (BOX_W + GAP) + 4, height = lines.length * pitch;
	const svg = drawn("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
				   "aria-label": "The walk that was refused" });

	lines.forEach((line, row) => {
		const y = row * pitch + 20, boxes = [...line.ept, ...(line.guest ? [line.guest] : [])];

		svg.append(drawn("text", { x: 2, y: y - 6, class: "soft" }, `guest-physical ${line.gpa}`));
		boxes.forEach((step, k) => {
			const guest = step === line.guest;
			const x = 2 + (guest ? most : k) * (BOX_W + GAP);

			if (k)
				svg.append(drawn("path", { d: `M${2 + k * (BOX_W + GAP) - GAP} ${y + BOX_H / 2}H${x}` }));
			svg.append(drawBox(step, x, y, guest));
		});
	});
	return svg;
}

/* ---------------------------------------------------------------- the page */

function summary() {
	const rows = [["VM exits that L1 saw", whole(kind.reduce((n, k) => n + (k <= FOUND), 0))]];
	const l0 = kind.reduce((n, k) => n + (k >= FILLED), 0);

	if (l0)
		rows.push(["exits that L0 handled", whole(l0)]);
	if (N)
		rows.push(["from the first to the last", duration(ns[N - 1] - ns[0])]);
	rows.push(["processors", data.processors]);
	for (const [name, count] of Object.entries(data.events))
		rows.push([name, whole(count)]);
	at("summary").append(...rows.map(([name, value]) =>
		element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }))));
}

function clear() {
	Object.assign(view, { from: begin, to: end, reason: -1, level: -1, handler: 0, text: "" });
	at("search").value = "";
	at("level").value = "-1";
	at("handler").value = "0";
	filter();
}

/* The kinds of each choice in the list. */
const handlers = [];

function addHandlers(name, kinds) {
	at("handler").append(new Option(name, handlers.length));
	handlers.push(new Set(kinds));
}

function wireFilter() {
	const kinds = [...new Set(kind)].sort(), levels = [...new Set(level)].sort();

	addHandlers("all handlers", HANDLERS.keys());
	if (kinds.some((k) => k > FOUND)) {
		addHandlers("seen by L1", kinds.filter((k) => k <= FOUND));
		addHandlers("L0 alone", kinds.filter((k) => k > FOUND));
	}
	for (const k of kinds)
		addHandlers(HANDLERS[k], [k]);
	at("level").append(new Option("all levels", -1), ...levels.map((l) => new Option("L" + l, l)));
	at("level").addEventListener("change", (event) => {
		view.level = Number(event.target.value);
		filter();
	});
	at("handler").addEventListener("change", (event) => {
		view.handler = Number(event.target.value);
		filter();
	});
	at("search").addEventListener("input", (event) => {
		view.text = event.target.value;
		filter();
	});
	at("clear").addEventListener("click", clear);
}

function wirePage() {
	at("theme").addEventListener("click", () => {
		const root = document.documentElement, now = root.dataset.theme;
		const dark = now ? now === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

		root.dataset.theme = dark ? "light" : "dark";
		drawTime();
		drawMemory();
	});
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", filter);
	addEventListener("resize", () => { drawTime(); drawMemory(); drawRows(); });
	at("list").addEventListener("scroll", drawRows);
	at("list").addEventListener("keydown", (event) => {
		if (listKey(event.key))
			event.preventDefault();
	});
	addEventListener("keydown", (event) => {
		if (event.key === "/" && document.activeElement !== at("search")) {
			at("search").focus();
			event.preventDefault();
		}
		if (event.key === "Escape")
			clear();
	});
}

at("file").textContent = data.file;
document.title = data.file + " · undervisor";
lanes = laneOrder();
summary();
wireFilter();
wireTime();
wirePage();
/* page.html#N opens with exit N, else with the first that has a walk. */
view.selected = /^#\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : walks.size ? data.walks[0][0] : 0;
filter();
document.documentElement.dataset.ready = String(N);
