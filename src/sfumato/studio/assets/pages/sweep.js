// One sweep: what it has tried as parallel coordinates, a scatter plot, paintings and a table; live while it searches.

import { sweepUrl } from "../core/addresses.js";
import { get, isAbort } from "../core/api.js";
import { Chart } from "../charts/chart.js";
import { copyable, h } from "../core/element.js";
import { count } from "../core/format.js";
import { messages } from "../core/messages.js";
import { repeat } from "../core/repeat.js";
import { Brushes } from "../sweep/brushes.js";
import { UNITS, configurations, number } from "../sweep/data.js";
import { filters } from "../sweep/filters.js";
import { paintings } from "../sweep/paintings.js";
import { parallel } from "../sweep/parallel.js";
import { scatter } from "../sweep/scatter.js";
import { table } from "../sweep/table.js";

const REFRESH_INTERVAL = 2000; // ms between two looks
const BUSY = 503; // status of a database that another process holds
const SAMPLERS = { tpe: "TPE", "cma-es": "CMA-ES" };

export async function show(root, { name, signal, ready }) {
  let data = await firstData(root, { name, signal, ready });
  const problems = messages();
  const fail = (source) => (error) => isAbort(error) || problems.say(source, error?.message ?? "");
  const brushes = new Brushes(() => draw());
  const mark = (one) => lines.mark(one);
  const lines = parallel({ brushes, signal });
  const sliders = filters({ brushes });
  const marks = scatter({ signal, press: (one) => mark(one), fail: fail("chart") });
  const best = paintings({ name, signal, mark, fail: fail("paintings") });
  const rows = table({ mark });
  const progress = new Chart({ label: "Best so far", signal });
  const progressPart = h("section", { class: "part" }, h("header", {}, h("h2", {}, "Best so far")), progress.element);

  const state = h("span", { class: "state", role: "status" });
  const deck = h("p", { class: "deck" });
  const bar = h("div", { class: "progress" }, h("div", {}));
  const figures = h("dl", { class: "figures figure" });
  const note = h("p", { class: "quietly" });
  const luck = h("div", { class: "texts luck" });
  const scale = h("span", { class: "quietly" });
  const coordinates = h("section", { class: "part" }, h("header", {}, h("h2", {}, "Parameters and scores"), scale), lines.element, sliders.element);
  const empty = h("p", { class: "lead" }, "No configuration has ended yet; each appears here when it has.");
  const parts = h("div", {}, coordinates, h("div", { class: "two-charts" }, marks.element, progressPart), best.element, luck, rows.element);
  root.append(
    h(
      "header",
      { class: "run-head" },
      h("a", { class: "back", href: "/experiments" }, "← All experiments"),
      h("div", { class: "run-title" }, h("h1", { tabindex: "-1" }, data.shown), state),
      deck,
      bar,
      figures,
      note,
    ),
    problems.element,
    empty,
    parts,
  );
  let found = null;
  let before = "";

  function fill() {
    const { counts, objectives, wanted } = data;
    state.textContent = data.live ? "searching" : "";
    state.dataset.state = data.live ? "running" : "done";
    state.hidden = !data.live;
    const words = [
      ["picture", data.picture],
      ["for", objectives.map((each) => each.name).join(", ")],
      ["sampler", SAMPLERS[data.sampler] ?? data.sampler],
      ["pruner", data.pruner === "none" ? "" : data.pruner],
      ["equal", data.equal],
      ["seeds", data.seeds > 1 ? String(data.seeds) : ""],
    ].filter(([, text]) => text);
    deck.replaceChildren(...words.flatMap(([key, text]) => [h("span", {}, h("span", { class: "quietly" }, key), ` ${text}`), " "]));
    bar.classList.toggle("idle", !data.live || !wanted);
    bar.firstChild.style.setProperty("transform", `scaleX(${wanted ? Math.min(1, data.tried / wanted) : 0})`);
    const score = data.curve.value.at(-1);
    const unit = objectives[0].name === "psnr" ? " dB" : "";
    const latest = data.considered < data.tried ? `, of the last ${count(data.considered)}` : "";
    const shown = [
      ["Tried", wanted ? `${count(data.tried)} of ${count(wanted)}` : count(data.tried)],
      [`Best ${objectives[0].name === "psnr" ? "PSNR" : objectives[0].name}`, score === undefined ? "–" : `${number(score)}${unit}`],
      ["Pruned", count(counts.pruned)],
      [`Failed or diverged${latest}`, count(counts.failed + counts.diverged)],
      ...(data.live ? [["Under way", count(counts.running)]] : []),
    ];
    figures.replaceChildren(...shown.map(([what, text]) => h("div", {}, h("dt", {}, what), h("dd", {}, text))));
    note.textContent = data.left_out
      ? `Shown are ${count(data.number.length)} configurations: the best of all, and of ${latest ? `the last ${count(data.considered)}` : "the others"} evenly chosen ones. ‘sfumato sweep best’ and sf.load_sweep read all.`
      : "";
    note.hidden = !data.left_out;
    empty.hidden = data.number.length > 0;
    parts.hidden = !data.number.length;
    luck.hidden = !data.verdict;
    if (data.verdict && luck.dataset.command !== data.verdict) {
      luck.dataset.command = data.verdict;
      luck.replaceChildren(h("p", {}, "The best of many is too good by luck; on fresh seeds:"), copyable(data.verdict, "the command"));
    }
    scale.replaceChildren("worst ", h("span", { class: "ranks", "aria-hidden": "true" }), ` best ${objectives[0].name}, by rank; dashed: pruned; dotted: failed or diverged`);
    found = configurations(data);
    draw();
    drawProgress();
  }

  function draw() {
    if (!found?.rows.length) return;
    const axes = [...found.parameters, ...found.objectives];
    const passes = brushes.test(axes);
    coordinates.hidden = !axes.length;
    lines.show(found, axes, passes);
    sliders.show(axes, found.rows.filter(passes).length, found.rows.length);
    marks.show(found, [...found.parameters, ...found.results], passes);
    best.show(found, passes);
    rows.show(found, passes, data.objectives[0].better);
  }

  function drawProgress() {
    const { tried, value } = data.curve;
    progressPart.hidden = !tried.length;
    if (!tried.length) return;
    // The best stays the best to the last configuration.
    const x = [...tried, data.tried];
    const y = [...value, value.at(-1)];
    progress.element.setAttribute("aria-label", `Best ${UNITS[data.objectives[0].name]} so far: ${number(value.at(-1))} after ${data.tried} configurations`);
    progress.draw({ x: "configurations tried", y: UNITS[data.objectives[0].name], traces: [{ name: "best so far", x, y, accent: true, step: true, points: x.length < 60 }] }).catch(fail("chart"));
  }

  async function refresh() {
    try {
      data = await get(sweepUrl(name), signal);
      problems.say("sweep", "");
      const now = JSON.stringify(data);
      if (now === before) return best.retry();
      before = now;
      fill();
    } catch (error) {
      fail("sweep")(error);
    }
  }

  before = JSON.stringify(data);
  fill();
  repeat(refresh, REFRESH_INTERVAL, signal);
}

/** Return the data of the page; while another process holds the database, say so and try again. */
async function firstData(root, { name, signal, ready }) {
  for (;;) {
    try {
      const found = await get(sweepUrl(name), signal);
      root.replaceChildren();
      return found;
    } catch (error) {
      if (error.status !== BUSY) throw error;
      root.replaceChildren(h("div", { class: "empty" }, h("h1", { tabindex: "-1" }, "One moment"), h("p", { class: "lead", role: "status" }, error.message)));
      ready();
    }
    await new Promise((resolve) => setTimeout(resolve, REFRESH_INTERVAL));
    signal.throwIfAborted();
  }
}
