// The layer inspector: every hidden unit as a picture of its output, sorted by importance, at any saved moment.

import { runPage } from "../core/addresses.js";
import { get, isAbort, runUrl } from "../core/api.js";
import { Chart } from "../charts/chart.js";
import { radioGroup, h } from "../core/element.js";
import { histograms } from "../layers/histograms.js";
import { keys } from "../core/keys.js";
import { latest } from "../core/latest.js";
import { messages } from "../core/messages.js";
import { sheet } from "../layers/sheet.js";
import { Timeline } from "../viewing/timeline.js";
import { unitBox } from "../layers/unit.js";
import { epochs, pictureName } from "../core/format.js";

const MAX_RANKS = 24; // moments in the chart of stable ranks

export async function show(root, { name, query, signal, ready }) {
  const run = await get(runUrl(name), signal);
  const back = h("a", { class: "back", href: runPage(name) }, `← ${pictureName(run.picture)}`);
  const hidden = (run.layers ?? []).length - 1;
  const moments = run.moments ?? [];
  if (hidden < 1 || !moments.length) {
    const why = hidden < 1 ? "This network has no hidden layer." : "This run has no saved moment yet.";
    root.append(back, h("div", { class: "empty" }, h("h1", {}, "Nothing to inspect"), h("p", { class: "lead" }, why)));
    return;
  }
  let layer = Math.min(hidden, Math.max(1, Math.trunc(Number(query.get("layer"))) || 1));
  const problems = messages();
  const about = h("p", { class: "quietly", role: "status" });
  const units = sheet({ name, signal, open: (unit) => box.open(layer, unit, step()) });
  const box = unitBox({ name, signal, go: (to, unit) => to >= 1 && to <= hidden && box.open(to, unit, step()) });
  const bars = histograms(run.layers.length);
  let drawn = null;
  const timeline = new Timeline({
    signal,
    name: "Saved moment",
    show: () => (drawn = draw()),
    say: (at) => `epoch ${epochs(moments[at].epoch)} · step ${moments[at].step}`,
  });
  const step = () => moments[Math.max(0, timeline.at)].step;
  const tabs = radioGroup("Layer", Array.from({ length: hidden }, (_, at) => [String(at + 1), hidden > 8 ? String(at + 1) : `Layer ${at + 1}`]), String(layer), (chosen) => selectLayer(Number(chosen)));
  const resort = h("input", { type: "checkbox", onchange: () => draw() });
  const ranks = new Chart({ label: "Stable rank of each layer during training", signal, press: (epoch) => timeline.seek(epoch) });
  const rankPart = h("section", { class: "part" }, h("header", {}, h("h2", {}, "Stable rank"), h("p", { class: "lead" }, "The effective number of directions of a layer's weights.")), ranks.element);
  root.append(
    back,
    h("h1", {}, "Layers and units"),
    h("p", { class: "lead" }, "Every unit is a function of row and column, shown as a picture. Units are sorted by importance; dead units are marked."),
    h("div", { class: "layers-bar" }, h("div", { class: "row" }, tabs, h("label", { class: "row check" }, resort, "Sort at every moment"), about), timeline.element),
    problems.element,
    units.element,
    h("section", { class: "part" }, h("header", {}, h("h2", {}, "Weights and activations"), h("p", { class: "lead" }, "Of every layer at this moment.")), bars.element),
    rankPart,
    box.element,
  );

  const draw = latest(async (_, outdated) => {
    try {
      const found = await units.show(layer, step(), resort.checked ? step() : moments.at(-1).step, signal);
      problems.say("units", "");
      const dead = found.dead.length;
      about.textContent = `${found.units} units${dead ? `, ${dead} dead` : ", none dead"}`;
      box.follow(step());
      if (timeline.playing || outdated()) return;
      bars.show(await get(runUrl(name, `/histograms?step=${step()}`), signal));
    } catch (error) {
      fail("units")(error);
    }
  });

  const reserve = () => units.wait(run.layers[layer - 1], run.width / run.height || 1);

  function selectLayer(to) {
    const before = run.layers[layer - 1];
    layer = Math.min(hidden, Math.max(1, to));
    if (run.layers[layer - 1] !== before) reserve();
    tabs.set(String(layer));
    history.replaceState(null, "", layer === 1 ? location.pathname : `?layer=${layer}`);
    draw();
  }

  const fail = (source) => (error) => isAbort(error) || problems.say(source, error.message);

  keys(signal, [
    { keys: ["ArrowUp", "["], label: "↑", help: "Previous layer", run: () => selectLayer(layer - 1) },
    { keys: ["ArrowDown", "]"], label: "↓", help: "Next layer", run: () => selectLayer(layer + 1) },
  ]);
  about.textContent = "Evaluating the network …";
  reserve();
  timeline.positions(moments.map((each) => each.epoch));
  ready();
  // First what is on screen: the server evaluates one request at a time.
  drawn.then(loadRanks).catch(fail("ranks"));

  /** Load the ranks at some of the moments one after another, the coarse curve first, to keep the server responsive. */
  async function loadRanks() {
    const found = new Map();
    for (const at of spread(moments.length, MAX_RANKS)) {
      const { stable_rank } = await get(runUrl(name, `/ranks?step=${moments[at].step}`), signal);
      if (!stable_rank.length) return;
      found.set(at, stable_rank);
      const indices = [...found.keys()].sort((one, other) => one - other);
      const x = indices.map((index) => moments[index].epoch);
      const traces = stable_rank.map((_, number) => ({ name: number === hidden ? "output" : `layer ${number + 1}`, at: number, x, y: indices.map((index) => found.get(index)[number]), points: true }));
      await ranks.draw({ x: "epochs", y: "", traces, legend: true });
    }
  }
}

/** Choose some of the numbers below `count`: the ends, the middle, the quarters, and so on. */
function spread(count, most) {
  const found = new Set([count - 1, 0]);
  for (let parts = 2; found.size < Math.min(count, most) && parts < 2 * count; parts *= 2)
    for (let part = 1; part < parts && found.size < Math.min(count, most); part += 2) found.add(Math.round(((count - 1) * part) / parts));
  return found;
}
