// SPDX-License-Identifier: MIT
"use strict";
(() => {
const D = JSON.parse(document.getElementById("data").textContent);
// Columns of the runs by name: `values` are numbers, or places in `names`; `sparse` is by run.
const C = Object.fromEntries(D.columns.map(c => [c.name, c]));
const R = {
  f: C.formula.values, e: C.engine.values, s: C.seed.values, status: C.status.values,
  verdict: C.verdict.values, reason: C.reason.values, wall: C.wall_seconds.values,
  cpu: C.cpu_seconds.values, mem: C.peak_mib.values, conf: C.conflicts.values, counts: D.counts,
};
const N = R.f.length, SAT = 0, UNSAT = 1;
Object.assign(D, {
  formulas: C.formula.names, families: C.family.names, engines: C.engine.names, statuses: C.status.names,
  verdicts: C.verdict.names, reasons: C.reason.names, notes: C.note.sparse, disturbed: C.disturbed.sparse,
});
D.familyOf = D.formulas.map(() => 0);
for (let i = 0; i < N; i++) D.familyOf[R.f[i]] = C.family.values[i];
const $ = id => document.getElementById(id);
const escape = text => String(text).replace(/[&<>"']/g, c =>
  ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]);
const color = e => `var(--c${e % 12})`;

// Numbers as a person would say them: three significant digits, no noise.
function num(x, digits = 3) {
  if (x === null || x === undefined) return "–";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1000) return Math.round(x).toLocaleString("en").replace(/,/g, "\u2009");
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return x.toFixed(Math.min(places, 3));
}
const whole = x => Number.isInteger(x) && Math.abs(x) < 1000 ? String(x) : num(x);
const count = x => x === null ? "–" : Number.isInteger(x) ? String(x) : x.toFixed(1);
const range = i => i && i[1] !== null ? `${num(i[1])} – ${num(i[2])}` : "";
const countRange = i => i && i[1] !== null ? `${count(Math.round(i[1] * 10) / 10)} – ${count(Math.round(i[2] * 10) / 10)}` : "";

// ---- state: everything the reader chose, kept in the address ---------------------------------
const DEFAULTS = {
  q: "", engine: "", family: "", status: "", verdict: "", reason: "", view: "formula", sort: "formula", dir: "up",
  fsort: "family", fdir: "up", off: "", scale: "log", show: "all", value: "wall",
  x: D.reference, y: "", theme: "",
};
DEFAULTS.y = D.engines.find(e => e !== D.reference) || D.reference;
let S = {};
function readState() {
  S = { ...DEFAULTS };
  const given = new URLSearchParams(location.hash.replace(/^#/, ""));
  for (const [key, value] of given) if (key in DEFAULTS) S[key] = value;
  if (!D.engines.includes(S.x)) S.x = DEFAULTS.x;
  if (!D.engines.includes(S.y)) S.y = DEFAULTS.y;
}
function set(changes, redraw) {
  Object.assign(S, changes);
  const kept = new URLSearchParams();
  for (const key in DEFAULTS) if (S[key] !== DEFAULTS[key]) kept.set(key, S[key]);
  const text = kept.toString();
  history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
  (redraw || drawAll)();
}

function applyTheme() {
  const dark = S.theme ? S.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").textContent = dark ? "Light" : "Dark";
}

// ---- tooltip ---------------------------------------------------------------------------------
const tip = $("tip");
function showTip(event, inside) {
  tip.innerHTML = inside;
  tip.style.opacity = 1;
  const box = tip.getBoundingClientRect();
  let x = event.clientX + 16, y = event.clientY + 14;
  if (x + box.width > innerWidth - 8) x = event.clientX - box.width - 14;
  if (y + box.height > innerHeight - 8) y = event.clientY - box.height - 12;
  tip.style.left = Math.max(4, x) + "px";
  tip.style.top = Math.max(4, y) + "px";
}
const hideTip = () => { tip.style.opacity = 0; };

// ---- head ------------------------------------------------------------------------------------
function drawHead() {
  $("title").textContent = D.title;
  const F = D.facts, seeds = new Set(R.s).size;
  const limits = [];
  if (F.limits.time) limits.push(`${F.limits.time} s`);
  if (F.limits.cpu) limits.push(`${F.limits.cpu} s of CPU`);
  if (F.limits.memory_mib) limits.push(`${F.limits.memory_mib} MiB`);
  $("lead").innerHTML = `<b>${D.engines.length}</b> ${D.engines.length === 1 ? "engine" : "engines"} on
    <b>${F.formulas}</b> formulas of <b>${F.families}</b> ${F.families === 1 ? "family" : "families"},
    ${seeds === 1 ? "one seed" : seeds + " seeds"}, ${limits.length ? "limit " + limits.join(" and ") : "no limit"}.
    Ratios are against <b>${escape(D.reference)}</b>.`;
  $("warnings").innerHTML = D.warnings.map(text =>
    `<p class="warning${/WRONG|broken/.test(text) ? " loud" : ""}">${escape(text)}</p>`).join("");
}

// ---- summary ---------------------------------------------------------------------------------
const chip = (text, kind) => `<span class="chip ${kind || ""}">${escape(text)}</span>`;
// A figure is null, text, a number, or an interval: value, low and high end.
const value = v => Array.isArray(v) ? v[0] : v;
function figureText(c, v) {
  const one = value(v);
  if (one === null || one === undefined) return "";
  return typeof one === "string" ? escape(one) : c.count ? count(Math.round(one * 10) / 10) : num(one);
}
const figureRange = (c, v) => Array.isArray(v) ? (c.count ? countRange : range)(v) : "";

function drawSummary() {
  const most = Math.max(1, D.facts.formulas);
  const ends = D.rows.flatMap(r => Array.isArray(r.figures.ratio) ? r.figures.ratio.filter(v => v !== null && v > 0) : []);
  const low = Math.min(0.9, ...ends) * 0.95, high = Math.max(1.1, ...ends) * 1.05;
  const at = v => 6 + 108 * Math.log(v / low) / Math.log(high / low);
  const whisker = (e, [v, a, b]) => {
    if (v === null) return "";
    const line = a === null ? "" :
      `<line x1="${at(a)}" x2="${at(b)}" y1="9" y2="9" stroke="${color(e)}" stroke-width="2" opacity=".55"/>`;
    return `<svg width="120" height="18" style="display:block"><line x1="${at(1)}" x2="${at(1)}" y1="0" y2="18"
      stroke="var(--faint)" stroke-dasharray="2 2"/>${line}<circle cx="${at(v)}" cy="9" r="4" fill="${color(e)}"/></svg>`;
  };
  // What must be known beside the figures stands with the name, where no table is too wide for it.
  const shown = D.summary.filter(c => !c.aside && c.name !== "beside"), aside = D.summary.filter(c => c.aside);
  const plain = (c, v) => `<span class="struck">${figureText(c, v)}</span><small>${figureRange(c, v)}</small>`;
  const asides = r => aside.filter(c => figureText(c, r.figures[c.name])).map(c =>
    `<small title="${escape(c.about)}">${escape(c.head.replace(" [95%]", ""))} ${figureText(c, r.figures[c.name])}</small>`).join("");
  const flags = r => {
    const crashed = (r.reasons.crashed || 0) - r.failed;
    return [
      [r.wrong, `${r.wrong} WRONG`, "bad"], [r.failed, `inference failed ${r.failed}×`, "bad"],
      [crashed > 0, `${crashed} crashed`, "bad"], [r.unchecked, `${r.unchecked} unchecked`, "warn"],
      [r.reasons.memory, `${r.reasons.memory} out of memory`], [r.reasons.time, `${r.reasons.time} out of time`],
      [r.reasons.host, `${r.reasons.host} host`, "warn"], [r.disturbed, `${r.disturbed} disturbed`, "warn"],
    ].filter(f => f[0]).map(f => chip(f[1], f[2])).join("");
  };
  // Columns that are drawn, not only written; any other is written as it is.
  const drawn = {
    engine: (c, v, r, e) => `<span class="name"><i class="dot" style="background:${color(e)}"></i>${escape(v)}</span>
      <small>${escape(r.version)}</small>${flags(r)}`,
    solved: (c, v, r, e) => `${plain(c, v)}<div class="meter"><i style="width:${100 * value(v) / most}%;background:${color(e)}"></i></div>`,
    ratio: (c, v, r, e) => Array.isArray(v) ? whisker(e, v) + plain(c, v) : escape(v ?? ""),
    claim: (c, v, r) => (r.void ? chip("void", "bad") : v && chip(v, { faster: "good", slower: "bad" }[v])) + asides(r),
  };
  const rows = D.rows.map(r => {
    const e = D.engines.indexOf(r.engine);
    return `<tr class="${r.void ? "void" : ""}">` + shown.map(c => {
      const v = r.figures[c.name];
      return `<td class="${c.words ? "" : "n"}">${drawn[c.name] ? drawn[c.name](c, v, r, e) : plain(c, v)}</td>`;
    }).join("") + "</tr>";
  });
  $("summary-table").innerHTML = "<thead><tr>" + shown.map(c =>
    `<th class="${c.words ? "" : "n"}" title="${escape(c.about)}">${escape(c.head.replace(" [95%]", ""))}</th>`).join("") +
    `</tr></thead><tbody>${rows.join("")}</tbody>`;
}

// ---- axes ------------------------------------------------------------------------------------
const FLOOR = 0.01;
function logTicks(low, high) {
  const ticks = [];
  for (let p = Math.floor(Math.log10(low)); p <= Math.ceil(Math.log10(high)); p++)
    for (const m of [1, 3]) { const v = m * 10 ** p; if (v >= low * 0.999 && v <= high * 1.001) ticks.push(v); }
  return ticks;
}
function linearTicks(high, wanted = 6) {
  const raw = high / wanted, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= raw);
  const ticks = [];
  for (let v = 0; v <= high * 1.0001; v += step) ticks.push(+v.toFixed(10));
  return ticks;
}
// Plots are drawn in the pixels there are, so that letters keep their size on a telephone.
const room = (id, least, most) => Math.max(least, Math.min(most, $(id).clientWidth || most));
const tick = v => v >= 1 ? String(+v.toFixed(2)) : String(+v.toPrecision(1));

// ---- cactus ----------------------------------------------------------------------------------
const byEngine = D.engines.map(() => []);
for (let i = 0; i < N; i++) byEngine[R.e[i]].push(i);
const voided = new Set(D.rows.filter(r => r.void).map(r => r.engine));

function curves() {
  return D.engines.map((name, e) => {
    const runs = byEngine[e];
    const seeds = new Set(runs.map(i => R.s[i])).size || 1;
    const times = runs.filter(i => R.counts[i] && (S.show === "all" || D.statuses[R.status[i]] === S.show))
      .map(i => Math.max(R.wall[i], FLOOR)).sort((a, b) => a - b);
    return { name, e, seeds, times };
  });
}
function drawCactus() {
  const off = new Set(S.off ? S.off.split("|") : []);
  $("cactus-legend").innerHTML = D.engines.map((name, e) =>
    `<button type="button" data-e="${e}" class="${off.has(name) ? "off" : ""}" aria-pressed="${!off.has(name)}">
     <i class="dot" style="background:${color(e)}"></i>${escape(name)}${voided.has(name) ? " (void)" : ""}</button>`).join("");
  for (const button of $("cactus-legend").children) button.onclick = () => {
    const name = D.engines[button.dataset.e];
    off.has(name) ? off.delete(name) : off.add(name);
    set({ off: [...off].join("|") }, drawCactus);
  };
  drawSwitch("cactus-scale", "scale", [["log", "log"], ["linear", "linear"]], drawCactus);
  drawSwitch("cactus-status", "show", [["all", "all"], ["SAT", "SAT"], ["UNSAT", "UNSAT"]], drawCactus);
  const all = curves(), shown = all.filter(c => !off.has(c.name));
  const W = room("cactus-plot", 340, 1200), H = Math.round(Math.max(260, Math.min(430, W * 0.55))), L = 54, T = 12, B = 44, RIGHT = 14, w = W - L - RIGHT, h = H - T - B;
  const most = Math.max(1, ...shown.map(c => c.times.length / c.seeds));
  const limit = D.limit, log = S.scale === "log";
  const least = Math.min(limit / 2, ...shown.flatMap(c => c.times.length ? [c.times[0]] : []));
  const low = log ? least * 0.8 : 0;
  const X = n => L + w * n / (most * 1.02);
  const Y = t => T + h * (1 - (log ? Math.log(t / low) / Math.log(limit * 1.15 / low) : t / (limit * 1.04)));
  let s = "";
  for (const v of log ? logTicks(low, limit) : linearTicks(limit))
    s += `<line class="grid" x1="${L}" x2="${W - RIGHT}" y1="${Y(v)}" y2="${Y(v)}"/><text x="${L - 8}" y="${Y(v) + 4}" text-anchor="end">${tick(v)}</text>`;
  for (const v of linearTicks(most, W > 600 ? 8 : 4))
    s += `<line class="grid" x1="${X(v)}" x2="${X(v)}" y1="${T}" y2="${H - B}"/><text x="${X(v)}" y="${H - B + 18}" text-anchor="middle">${v}</text>`;
  s += `<line class="limit" x1="${L}" x2="${W - RIGHT}" y1="${Y(limit)}" y2="${Y(limit)}"/>`;
  s += `<text class="axis-name" x="${L + w / 2}" y="${H - 6}" text-anchor="middle">formulas solved</text>
    <text class="axis-name" transform="translate(14 ${T + h / 2}) rotate(-90)" text-anchor="middle">seconds</text>`;
  for (const c of shown) {
    if (!c.times.length) continue;
    const step = Math.max(1, Math.floor(c.times.length / 3000));
    const points = [];
    for (let k = 0; k < c.times.length; k += step) points.push(`${X((k + 1) / c.seeds).toFixed(1)},${Y(c.times[k]).toFixed(1)}`);
    const last = c.times.length - 1;
    points.push(`${X((last + 1) / c.seeds).toFixed(1)},${Y(c.times[last]).toFixed(1)}`);
    s += `<polyline class="line" points="${points.join(" ")}" style="stroke:${color(c.e)}${voided.has(c.name) ? ";stroke-dasharray:3 5" : ""}"/>
      <circle cx="${X((last + 1) / c.seeds)}" cy="${Y(c.times[last])}" r="3.4" style="fill:${color(c.e)}"/>`;
  }
  s += `<line class="cross" id="cactus-cross" y1="${T}" y2="${H - B}" visibility="hidden"/>
    <rect id="cactus-catch" x="${L}" y="${T}" width="${w}" height="${h}" fill="transparent"/>`;
  $("cactus-plot").innerHTML = `<svg viewBox="0 0 ${W} ${H}" role="img" aria-label="cactus plot">${s}</svg>`;
  const rect = $("cactus-catch");
  rect.onmousemove = event => {
    const box = rect.getBoundingClientRect();
    const n = (event.clientX - box.left) / box.width * most * 1.02;
    const cross = $("cactus-cross");
    cross.setAttribute("x1", X(n)); cross.setAttribute("x2", X(n)); cross.setAttribute("visibility", "visible");
    const rows = shown.map(c => ({ c, t: c.times[Math.max(0, Math.ceil(n * c.seeds) - 1)] }))
      .sort((a, b) => (a.t ?? 1e9) - (b.t ?? 1e9));
    showTip(event, `<b>${Math.max(1, Math.ceil(n))} solved</b><table>` + rows.map(({ c, t }) =>
      `<tr><td><i class="dot" style="background:${color(c.e)}"></i>${escape(c.name)}</td><td class="n">${t === undefined ? "not reached" : "within " + num(t) + " s"}</td></tr>`).join("") + "</table>");
  };
  rect.onmouseleave = () => { hideTip(); $("cactus-cross").setAttribute("visibility", "hidden"); };
}

function drawSwitch(id, key, choices, redraw) {
  $(id).innerHTML = choices.map(([value, text]) =>
    `<button type="button" class="${S[key] === value ? "on" : ""}" data-value="${value}">${text}</button>`).join("");
  for (const button of $(id).children) button.onclick = () => set({ [key]: button.dataset.value }, redraw);
}

// ---- scatter ---------------------------------------------------------------------------------
function drawScatter() {
  for (const axis of ["x", "y"]) {
    const box = $("scatter-" + axis);
    box.innerHTML = D.engines.map(name => `<option${S[axis] === name ? " selected" : ""}>${escape(name)}</option>`).join("");
    box.onchange = () => set({ [axis]: D.engines[box.selectedIndex] }, drawScatter);
  }
  drawSwitch("scatter-value", "value", [["wall", "wall"], ["cpu", "CPU"], ["mem", "memory"], ["conf", "conflicts"]], drawScatter);
  const units = { wall: "seconds", cpu: "CPU seconds", mem: "MiB", conf: "conflicts" };
  const timed = S.value === "wall" || S.value === "cpu";
  $("scatter-how").innerHTML = `Each point is one formula with one seed. Below the diagonal <em>${escape(S.y)}</em> needs less,
    above it <em>${escape(S.x)}</em>. ${timed ? "Points on the red lines were not solved within the limit." : "Only runs that both solved."}`;
  const a = D.engines.indexOf(S.x), b = D.engines.indexOf(S.y), column = R[S.value];
  const other = new Map(byEngine[b].map(i => [R.f[i] + ":" + R.s[i], i]));
  const limit = D.limit, pairs = [];
  for (const i of byEngine[a]) {
    const j = other.get(R.f[i] + ":" + R.s[i]);
    if (j === undefined) continue;
    const both = R.counts[i] && R.counts[j];
    if (!timed && !both) continue;
    const least = timed ? FLOOR : 1;
    const u = R.counts[i] || !timed ? Math.max(column[i] ?? least, least) : null;
    const v = R.counts[j] || !timed ? Math.max(column[j] ?? least, least) : null;
    pairs.push({ i, j, u, v, both });
  }
  const values = pairs.flatMap(p => [p.u, p.v]).filter(v => v !== null);
  const low = Math.min(timed ? limit / 2 : Infinity, ...values) * 0.8 || FLOOR;
  const top = timed ? limit : Math.max(low * 10, ...values);
  const high = top * (timed ? 2.3 : 1.2), edge = top * 1.75;
  const W = room("scatter-plot", 320, 620), H = W - 30, L = 58, T = 12, B = 48, RIGHT = 12, w = W - L - RIGHT, h = H - T - B;
  const span = Math.log(high / low);
  const X = v => L + w * Math.log(v / low) / span, Y = v => T + h * (1 - Math.log(v / low) / span);
  let s = "";
  for (const v of logTicks(low, top))
    s += `<line class="grid" x1="${L}" x2="${W - RIGHT}" y1="${Y(v)}" y2="${Y(v)}"/><text x="${L - 8}" y="${Y(v) + 4}" text-anchor="end">${tick(v)}</text>
      <line class="grid" x1="${X(v)}" x2="${X(v)}" y1="${T}" y2="${H - B}"/><text x="${X(v)}" y="${H - B + 18}" text-anchor="middle">${tick(v)}</text>`;
  s += `<line class="diagonal" x1="${X(low)}" y1="${Y(low)}" x2="${X(top)}" y2="${Y(top)}"/>`;
  for (const factor of [0.1, 10]) {
    const from = factor < 1 ? [low / factor, low] : [low, low * factor], to = factor < 1 ? [top, top * factor] : [top / factor, top];
    if (from[0] < top && from[1] < top)
      s += `<line class="grid" x1="${X(from[0])}" y1="${Y(from[1])}" x2="${X(to[0])}" y2="${Y(to[1])}"/>`;
  }
  if (timed) s += `<line class="limit" x1="${X(edge)}" x2="${X(edge)}" y1="${T}" y2="${H - B}"/><line class="limit" x1="${L}" x2="${W - RIGHT}" y1="${Y(edge)}" y2="${Y(edge)}"/>
    <text x="${X(edge)}" y="${H - B + 18}" text-anchor="middle">&gt; ${limit}</text><text x="${L - 8}" y="${Y(edge) + 4}" text-anchor="end">&gt; ${limit}</text>`;
  s += `<text class="axis-name" x="${L + w / 2}" y="${H - 6}" text-anchor="middle">${escape(S.x)}, ${units[S.value]}</text>
    <text class="axis-name" transform="translate(14 ${T + h / 2}) rotate(-90)" text-anchor="middle">${escape(S.y)}, ${units[S.value]}</text>`;
  let below = 0, above = 0, onlyX = 0, onlyY = 0, logs = 0, both = 0;
  const placed = pairs.map((p, k) => {
    const status = [R.status[p.i], R.status[p.j]].find(v => v !== 2);
    p.px = X(p.u ?? edge); p.py = Y(p.v ?? edge);
    if (p.both) { both++; logs += Math.log(p.v / p.u); p.v < p.u ? below++ : above++; }
    else if (R.counts[p.i]) onlyX++; else if (R.counts[p.j]) onlyY++;
    return `<circle class="point ${status === SAT ? "sat" : status === UNSAT ? "unsat" : "neither"}" data-k="${k}" cx="${p.px.toFixed(1)}" cy="${p.py.toFixed(1)}" r="3.6"/>`;
  });
  s += placed.join("") + `<rect id="scatter-catch" x="${L}" y="${T}" width="${w}" height="${h}" fill="transparent"/>`;
  $("scatter-plot").innerHTML = `<svg viewBox="0 0 ${W} ${H}" role="img" aria-label="scatter plot">${s}</svg>`;
  $("scatter-facts").innerHTML = `<dl>
    <dt>${both ? num(Math.exp(logs / both)) + "×" : "–"}</dt><dd>geometric mean of ${escape(S.y)} over ${escape(S.x)}, ${both} pairs solved by both</dd>
    <dt>${below}</dt><dd>pairs where ${escape(S.y)} needs less</dd><dt>${above}</dt><dd>pairs where ${escape(S.x)} needs less</dd>
    ${timed ? `<dt>${onlyY}</dt><dd>solved by ${escape(S.y)} only</dd><dt>${onlyX}</dt><dd>solved by ${escape(S.x)} only</dd>` : ""}
    <dt><i class="key" style="background:var(--c0)"></i></dt><dd>satisfiable</dd><dt><i class="key" style="background:var(--c1)"></i></dt><dd>unsatisfiable</dd></dl>`;
  const rect = $("scatter-catch"), circles = $("scatter-plot").querySelectorAll(".point");
  let hot = null;
  const cool = () => { if (hot !== null) circles[hot].classList.remove("hot"); hot = null; hideTip(); };
  rect.onmousemove = event => {
    const box = rect.getBoundingClientRect(), scale = w / box.width;
    const x = L + (event.clientX - box.left) * scale, y = T + (event.clientY - box.top) * scale;
    let best = -1, distance = 196;
    pairs.forEach((p, k) => { const d = (p.px - x) ** 2 + (p.py - y) ** 2; if (d < distance) { distance = d; best = k; } });
    if (best < 0) return cool();
    if (hot !== null) circles[hot].classList.remove("hot");
    hot = best;
    circles[hot].classList.add("hot");
    const { i, j } = pairs[best];
    const say = k => R.counts[k] ? `${num(column[k])} ${units[S.value]}` : `${D.statuses[R.status[k]]}, ${D.reasons[R.reason[k]]}`;
    showTip(event, `<b>${escape(D.formulas[R.f[i]])}</b>${escape(D.families[D.familyOf[R.f[i]]])}, seed ${R.s[i]}
      <table><tr><td>${escape(S.x)}</td><td>${say(i)}</td></tr><tr><td>${escape(S.y)}</td><td>${say(j)}</td></tr></table>`);
  };
  rect.onmouseleave = cool;
  rect.onclick = () => { if (hot !== null) { set({ q: D.formulas[R.f[pairs[hot].i]], view: "run" }, drawRuns); $("runs").scrollIntoView(); } };
}

// ---- families --------------------------------------------------------------------------------
function drawFamilies() {
  const table = D.families.map((name, index) => ({ name, index, size: 0, cells: D.engines.map(() => ({ n: 0, solved: 0, score: 0 })) }));
  D.familyOf.forEach(f => table[f].size++);
  for (let i = 0; i < N; i++) {
    const cell = table[D.familyOf[R.f[i]]].cells[R.e[i]];
    cell.n++; cell.solved += R.counts[i]; cell.score += R.counts[i] ? R.wall[i] : 2 * D.limit;
  }
  const value = row => S.fsort === "family" ? row.name : S.fsort === "size" ? row.size :
    (c => c && c.n ? c.score / c.n : Infinity)(row.cells[D.engines.indexOf(S.fsort)]);
  table.sort((p, q) => { const a = value(p), b = value(q); return (a < b ? -1 : a > b ? 1 : 0) * (S.fdir === "up" ? 1 : -1); });
  const head = (key, text, right) => `<th class="sortable ${right ? "n" : ""}" tabindex="0" data-key="${escape(key)}"
    ${S.fsort === key ? `aria-sort="${S.fdir === "up" ? "ascending" : "descending"}"` : ""}>${text}</th>`;
  $("family-table").innerHTML = `<thead><tr>${head("family", "Family")}${head("size", "Formulas", true)}${D.engines.map((name, e) =>
    head(name, `<i class="dot" style="background:${color(e)}"></i>${escape(name)}`, true)).join("")}</tr></thead><tbody>` +
    table.map(row => {
      const best = Math.min(...row.cells.map(c => c.n ? c.score / c.n : Infinity));
      return `<tr><td class="link" data-family="${escape(row.name)}">${escape(row.name)}</td><td class="n">${row.size}</td>` + row.cells.map(c => {
        if (!c.n) return `<td class="heat"></td>`;
        const share = c.solved / c.n, mean = c.score / c.n, first = mean <= best * 1.0001;
        const solved = share * row.size;
        return `<td class="heat" style="background:rgba(var(--heat),${(0.20 * share).toFixed(3)})">${first ? "<b>" : ""}${count(Math.round(solved * 10) / 10)}${first ? "</b>" : ""}<small>${num(mean)} s</small></td>`;
      }).join("") + "</tr>";
    }).join("") + "</tbody>";
  sortable($("family-table"), "fsort", "fdir", drawFamilies);
  for (const cell of $("family-table").querySelectorAll("[data-family]"))
    cell.onclick = () => { set({ family: cell.dataset.family, q: "" }, drawRuns); $("runs").scrollIntoView(); };
}
function sortable(table, key, dir, redraw) {
  for (const head of table.querySelectorAll("th.sortable")) {
    head.onclick = () => set({ [key]: head.dataset.key, [dir]: S[key] === head.dataset.key && S[dir] === "up" ? "down" : "up" }, redraw);
    head.onkeydown = event => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); head.onclick(); } };
  }
}

// ---- runs ------------------------------------------------------------------------------------
// Addresses that people keep hold these words.
const KEYS = { wall_seconds: "wall", cpu_seconds: "cpu", peak_mib: "mem", conflicts: "conf" };
const COLUMNS = D.columns.filter(c => c.sparse ? Object.keys(c.sparse).length : c.values.some(v => v !== null)).map(c => ({
  ...c, key: KEYS[c.name] || c.name,
  get: c.sparse ? i => c.sparse[i] || "" : c.names ? i => c.names[c.values[i]] : i => c.values[i],
}));
const PAGE = 100;
let visible = PAGE, filtered = [];
function drawFilters() {
  const choice = (key, title, names) => `<select data-key="${key}" title="${title}"><option value="">any ${title}</option>` +
    names.map(name => `<option value="${escape(name)}"${S[key] === name ? " selected" : ""}>${escape(name)}</option>`).join("") + "</select>";
  $("filters").innerHTML = `<input type="search" id="search" placeholder="Part of a formula's name or note" value="${escape(S.q)}" aria-label="search">` +
    choice("engine", "engine", D.engines) + choice("family", "family", [...D.families].sort()) + choice("status", "status", D.statuses) +
    choice("verdict", "verdict", D.verdicts) + choice("reason", "reason", D.reasons) +
    `<span class="switch" id="view"></span><button type="button" id="csv" class="quiet">CSV</button>`;
  drawSwitch("view", "view", [["formula", "by formula"], ["run", "by run"]], () => {
    visible = PAGE;
    set({ sort: "formula", dir: "up" }, drawRuns);
  });
  for (const box of $("filters").querySelectorAll("select"))
    box.onchange = () => set({ [box.dataset.key]: box.value }, () => { visible = PAGE; drawRows(); });
  $("search").oninput = () => set({ q: $("search").value }, () => { visible = PAGE; drawRows(); });
  $("csv").onclick = saveCsv;
}
function filter() {
  const words = S.q.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = (key, names) => S[key] ? names.indexOf(S[key]) : -1;
  const e = wanted("engine", D.engines), f = wanted("family", D.families), s = wanted("status", D.statuses),
    v = wanted("verdict", D.verdicts), r = wanted("reason", D.reasons);
  filtered = [];
  for (let i = 0; i < N; i++) {
    if (e >= 0 && R.e[i] !== e || f >= 0 && D.familyOf[R.f[i]] !== f || s >= 0 && R.status[i] !== s ||
        v >= 0 && R.verdict[i] !== v || r >= 0 && R.reason[i] !== r) continue;
    if (words.length) {
      const text = (D.formulas[R.f[i]] + " " + (D.notes[i] || "") + " " + (D.disturbed[i] || "")).toLowerCase();
      if (!words.every(word => text.includes(word))) continue;
    }
    filtered.push(i);
  }
  const { get } = COLUMNS.find(c => c.key === S.sort) || COLUMNS[0], sign = S.dir === "up" ? 1 : -1;
  const keys = new Map(filtered.map(i => [i, get(i) ?? -1]));
  filtered.sort((i, j) => { const a = keys.get(i), b = keys.get(j); return (a < b ? -1 : a > b ? 1 : 0) * sign || i - j; });
}
const KIND = { verified: "good", agreed: "good", unchecked: "warn", wrong: "bad", crashed: "bad", host: "warn" };
// One row a formula: what each engine made of it, over the seeds that pass the filters.
function drawFormulas() {
  const rows = new Map();
  for (const i of filtered) {
    let row = rows.get(R.f[i]);
    if (!row) rows.set(R.f[i], row = { f: R.f[i], status: 2, cells: D.engines.map(() => null) });
    const cell = row.cells[R.e[i]] ||= { n: 0, solved: 0, sum: 0, worst: "", reason: "" };
    cell.n++;
    if (R.counts[i]) { cell.solved++; cell.sum += R.wall[i]; row.status = R.status[i]; }
    else cell.reason = D.reasons[R.reason[i]] === "answered" ? D.verdicts[R.verdict[i]] : D.reasons[R.reason[i]];
    if (D.verdicts[R.verdict[i]] === "wrong") cell.worst = "wrong";
  }
  const e = D.engines.indexOf(S.sort), name = row => D.formulas[row.f];
  const score = c => !c ? Infinity : (c.sum + (c.n - c.solved) * 2 * D.limit) / c.n;
  const value = e >= 0 ? row => score(row.cells[e]) : S.sort === "family" ? row => D.families[D.familyOf[row.f]] :
    S.sort === "status" ? row => row.status : name;
  const list = [...rows.values()], sign = S.dir === "up" ? 1 : -1;
  list.sort((p, q) => { const a = value(p), b = value(q); return (a < b ? -1 : a > b ? 1 : 0) * sign || (name(p) < name(q) ? -1 : 1); });
  $("count").textContent = `${list.length.toLocaleString("en")} of ${D.formulas.length.toLocaleString("en")} formulas`;
  const shown = S.engine ? [D.engines.indexOf(S.engine)] : D.engines.map((_, k) => k);
  const head = (key, inside, right) => `<th class="sortable ${right ? "n" : ""}" tabindex="0" data-key="${escape(key)}"
    ${S.sort === key ? `aria-sort="${S.dir === "up" ? "ascending" : "descending"}"` : ""}>${inside}</th>`;
  $("run-table").innerHTML = `<thead><tr>${head("formula", "Formula")}${head("family", "Family")}${head("status", "Status")}${shown.map(k =>
    head(D.engines[k], `<i class="dot" style="background:${color(k)}"></i>${escape(D.engines[k])}`, true)).join("")}</tr></thead><tbody>` +
    list.slice(0, visible).map(row => {
      const best = Math.min(...row.cells.map(score));
      return `<tr><td class="clip link" data-formula="${escape(name(row))}" title="${escape(name(row))}">${escape(name(row))}</td><td>${escape(D.families[D.familyOf[row.f]])}</td><td>${D.statuses[row.status]}</td>` +
        shown.map(k => {
          const c = row.cells[k];
          if (!c) return `<td class="n"></td>`;
          if (c.worst) return `<td class="n"><span class="chip bad">wrong</span></td>`;
          if (!c.solved) return `<td class="n"><span class="chip ${KIND[c.reason] || ""}">${c.reason}</span></td>`;
          const text = num(c.sum / c.solved), first = score(c) <= best * 1.0001;
          return `<td class="n">${first ? "<b>" : ""}${text}${first ? "</b>" : ""}${c.solved < c.n ? `<small>${c.solved} of ${c.n}</small>` : ""}</td>`;
        }).join("") + "</tr>";
    }).join("") + "</tbody>";
  for (const cell of $("run-table").querySelectorAll("[data-formula]"))
    cell.onclick = () => set({ q: cell.dataset.formula, view: "run", sort: "wall", dir: "up" }, drawRuns);
  finishTable(list.length);
}
function finishTable(count) {
  sortable($("run-table"), "sort", "dir", drawRows);
  const left = count - visible;
  $("more").style.display = left > 0 ? "" : "none";
  $("more").textContent = `Show ${Math.min(left, 5 * PAGE)} more`;
  $("more").onclick = () => { visible += 5 * PAGE; drawRows(); };
}
function drawRows() {
  filter();
  if (S.view === "formula") return drawFormulas();
  const mark = text => KIND[text] ? `<span class="chip ${KIND[text]}">${text}</span>` : text === "none" ? "" : text;
  $("count").textContent = `${filtered.length.toLocaleString("en")} of ${N.toLocaleString("en")} runs`;
  const clip = text => `<td class="clip" title="${escape(text)}">${escape(text)}</td>`;
  const cells = { formula: clip, note: clip, disturbed: clip, verdict: v => `<td>${mark(v)}</td>`, reason: v => `<td>${mark(v)}</td>` };
  const cell = (c, i) => c.name === "engine" ?
    `<td class="label"><i class="dot" style="background:${color(R.e[i])}"></i>${escape(c.get(i))}</td>` :
    cells[c.name] ? cells[c.name](c.get(i)) : c.words ? `<td>${escape(c.get(i))}</td>` : `<td class="n">${whole(c.get(i))}</td>`;
  $("run-table").innerHTML = "<thead><tr>" + COLUMNS.map(c => `<th class="sortable ${c.words ? "" : "n"}" tabindex="0" data-key="${c.key}"
    ${S.sort === c.key ? `aria-sort="${S.dir === "up" ? "ascending" : "descending"}"` : ""}>${escape(c.head)}</th>`).join("") + "</tr></thead><tbody>" +
    filtered.slice(0, visible).map(i => `<tr class="${D.verdicts[R.verdict[i]] === "wrong" ? "void" : ""}">` +
      COLUMNS.map(c => cell(c, i)).join("") + "</tr>").join("") + "</tbody>";
  finishTable(filtered.length);
}
const drawRuns = () => { drawFilters(); drawRows(); };

// ---- saving ----------------------------------------------------------------------------------
function save(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
function saveCsv() {
  const quote = v => { const t = String(v ?? ""); return /[",\n]/.test(t) ? `"${t.replace(/"/g, '""')}"` : t; };
  const rows = [COLUMNS.map(c => c.name), ...filtered.map(i => COLUMNS.map(c => c.get(i)))];
  save("runs.csv", rows.map(row => row.map(quote).join(",")).join("\n") + "\n", "text/csv");
}
function saveSvg(id) {
  const drawn = $(id).querySelector("svg"), copy = drawn.cloneNode(true);
  const from = drawn.querySelectorAll("*"), to = copy.querySelectorAll("*");
  // What the style sheet says must travel with the picture.
  from.forEach((element, k) => {
    const style = getComputedStyle(element);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-weight"])
      to[k].style.setProperty(name, style.getPropertyValue(name));
  });
  copy.querySelectorAll("rect,.cross").forEach(element => element.remove());
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("font-family", "sans-serif");
  copy.setAttribute("font-size", "12");
  save(id.replace("-plot", "") + ".svg", copy.outerHTML, "image/svg+xml");
}

// ---- foot ------------------------------------------------------------------------------------
function drawFacts() {
  const F = D.facts, line = (name, value) => value ? `<dt>${name}</dt><dd>${value}</dd>` : "";
  $("facts").innerHTML = "<dl>" + line("Machine", F.hosts.map(escape).join("<br>")) +
    line("When", `${escape(F.first)} to ${escape(F.last)}; page made ${escape(F.made)}`) +
    line("Runs at once", `${F.slots}, each ${F.cores ? `pinned to ${F.cores} core${F.cores > 1 ? "s" : ""}` : "not pinned"}`) +
    line("Kept in bounds by", F.contained.map(escape).join("; ")) + line("Source", F.commits.map(escape).join("<br>")) +
    F.engines.map(e => line(escape(e.engine), `${escape(e.version)}<br><code>${escape(e.command)}</code>`)).join("") +
    line("Verdicts", "<b>verified</b>: the model satisfies the formula as read, or our checker accepts the proof. <b>agreed</b>: no certificate, but the known status or another engine's certificate says the same. <b>unchecked</b>: neither, or the check ran into its limit; counts as solved only where the status is otherwise established. <b>wrong</b>: voids the engine.") +
    line("Prediction", "is inside every limit and every time shown. A run whose inference failed counts as crashed.") +
    line("Intervals", "95%, from a studentised bootstrap that draws whole families, with all their formulas and seeds.") +
    line("Disturbed", "the machine swapped, throttled, or gave the core to others during the run; <code>bench run --redo host</code> repeats those.") + "</dl>";
}

function drawAll() {
  applyTheme(); drawHead(); drawSummary(); drawCactus(); drawScatter(); drawFamilies(); drawRuns(); drawFacts();
}
$("theme").onclick = () => set({ theme: document.documentElement.dataset.theme === "dark" ? "light" : "dark" }, applyTheme);
$("reset").onclick = () => { visible = PAGE; set({ ...DEFAULTS }); };
for (const link of document.querySelectorAll("[data-jump]"))
  link.onclick = event => { event.preventDefault(); $(link.dataset.jump).scrollIntoView(); };
for (const button of document.querySelectorAll("[data-svg]")) button.onclick = () => saveSvg(button.dataset.svg);
let waiting = 0, width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  clearTimeout(waiting);
  waiting = setTimeout(() => { drawCactus(); drawScatter(); }, 120);
});
addEventListener("hashchange", () => { readState(); drawAll(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
readState();
drawAll();
document.documentElement.dataset.ready = performance.now().toFixed(0);
})();
