// Look inside: every hidden unit as the picture that it makes, those that matter most first, at any saved moment.

import { get, left, ofRun } from "./api.js";
import { Chart } from "./charts.js";
import { few, h } from "./element.js";
import { histograms } from "./histograms.js";
import { keys } from "./keys.js";
import { sheet } from "./sheet.js";
import { Timeline } from "./timeline.js";
import { unitBox } from "./unit.js";
import { epochs, pictureName } from "./words.js";

export async function show(root, { name, query, signal, ready }) {
  const run = await get(ofRun(name), signal);
  const back = h("a", { class: "back", href: `/runs/${encodeURIComponent(name)}` }, `← ${pictureName(run.picture)}`);
  const hidden = (run.layers ?? []).length - 1;
  const moments = run.moments ?? [];
  if (hidden < 1 || !moments.length) {
    const why = hidden < 1 ? "This network has no hidden layer." : "No moment of this run has been saved yet.";
    root.append(back, h("div", { class: "empty" }, h("h1", {}, "Nothing to look into"), h("p", { class: "lead" }, why)));
    return;
  }
  let layer = Math.min(hidden, Math.max(1, Number(query.get("layer")) || 1));
  const problem = h("p", { class: "problem", role: "alert" });
  const about = h("p", { class: "quietly", role: "status" });
  const units = sheet({ name, signal, open: (unit) => box.open(layer, unit, step()), fail });
  const box = unitBox({ name, signal, go: (to, unit) => to >= 1 && to <= hidden && box.open(to, unit, step()) });
  const bars = histograms();
  const timeline = new Timeline({
    signal,
    name: "Saved moment",
    show: () => draw(),
    say: (at) => `epoch ${epochs(moments[at].epoch)} · step ${moments[at].step}`,
  });
  const step = () => moments[Math.max(0, timeline.at)].step;
  const tabs = few("Layer", Array.from({ length: hidden }, (_, at) => [String(at + 1), hidden > 8 ? String(at + 1) : `Layer ${at + 1}`]), String(layer), (chosen) => turn(Number(chosen)));
  const resort = h("input", { type: "checkbox", onchange: () => draw() });
  const ranks = new Chart({ label: "Stable rank of each layer as training goes on", signal, press: (epoch) => timeline.seek(epoch) });
  const rankPart = h("section", { class: "part", hidden: true }, h("header", {}, h("h2", {}, "Stable rank"), h("p", { class: "lead" }, "How many directions a layer's weights really use.")), ranks.element);
  root.append(
    back,
    h("h1", {}, "Look inside"),
    h("p", { class: "lead" }, "Every unit is a function of row and column, so each can be seen as a picture. The first matter most to the painting; units that no longer answer to anything are marked."),
    h("div", { class: "layers-bar" }, h("div", { class: "row" }, tabs, h("label", { class: "row check" }, resort, "Sort at every moment"), about), timeline.element),
    problem,
    units.element,
    h("section", { class: "part" }, h("header", {}, h("h2", {}, "Weights and activations"), h("p", { class: "lead" }, "Of every layer, at this moment.")), bars.element),
    rankPart,
    box.element,
  );

  let number = 0;
  let drawing = new AbortController();
  async function draw() {
    const mine = ++number;
    drawing.abort();
    drawing = new AbortController();
    const both = AbortSignal.any([signal, drawing.signal]);
    try {
      const found = await units.show(layer, step(), resort.checked ? step() : moments.at(-1).step, both);
      if (mine !== number) return;
      problem.textContent = "";
      const dead = found.dead.length;
      about.textContent = `${found.units} units${dead ? `, ${dead} dead` : ", none dead"}`;
      box.follow(step());
      if (timeline.playing) return;
      bars.show(await get(ofRun(name, `/histograms?step=${step()}`), both));
    } catch (error) {
      fail(error);
    }
  }

  function turn(to) {
    layer = Math.min(hidden, Math.max(1, to));
    tabs.set(String(layer));
    history.replaceState(null, "", layer === 1 ? location.pathname : `?layer=${layer}`);
    draw();
  }

  function fail(error) {
    if (!left(error)) problem.textContent = error.message;
  }

  keys(signal, [
    { keys: ["ArrowUp", "["], shown: "↑", says: "The layer before", run: () => turn(layer - 1) },
    { keys: ["ArrowDown", "]"], shown: "↓", says: "The next layer", run: () => turn(layer + 1) },
  ]);
  timeline.places(moments.map((each) => each.epoch));
  ready();
  const metrics = await get(ofRun(name, "/metrics"), signal).catch(() => null);
  const rows = (metrics?.stable_rank ?? []).map((each, at) => [metrics.epoch[at], each]).filter(([, each]) => each?.length);
  if (rows.length) {
    rankPart.hidden = false;
    const traces = rows[0][1].map((_, at) => ({ name: at === rows[0][1].length - 1 ? "output" : `layer ${at + 1}`, at, x: rows.map(([epoch]) => epoch), y: rows.map(([, each]) => each[at]), points: rows.length < 40 }));
    ranks.draw({ x: "epochs", y: "Stable rank", traces, legend: true }).catch(fail);
  }
}
