// Look inside: every hidden unit as the picture that it makes, those that matter most first, at any saved moment.

import { runPage } from "../core/addresses.js";
import { get, left, ofRun } from "../core/api.js";
import { Chart } from "../charts/chart.js";
import { few, h } from "../core/element.js";
import { histograms } from "../layers/histograms.js";
import { keys } from "../core/keys.js";
import { latest } from "../core/latest.js";
import { messages } from "../core/messages.js";
import { sheet } from "../layers/sheet.js";
import { Timeline } from "../viewing/timeline.js";
import { unitBox } from "../layers/unit.js";
import { epochs, pictureName } from "../core/format.js";

const MOST_RANKS = 24; // moments in the chart of stable ranks

export async function show(root, { name, query, signal, ready }) {
  const run = await get(ofRun(name), signal);
  const back = h("a", { class: "back", href: runPage(name) }, `← ${pictureName(run.picture)}`);
  const hidden = (run.layers ?? []).length - 1;
  const moments = run.moments ?? [];
  if (hidden < 1 || !moments.length) {
    const why = hidden < 1 ? "This network has no hidden layer." : "No moment of this run has been saved yet.";
    root.append(back, h("div", { class: "empty" }, h("h1", {}, "Nothing to look into"), h("p", { class: "lead" }, why)));
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
  const tabs = few("Layer", Array.from({ length: hidden }, (_, at) => [String(at + 1), hidden > 8 ? String(at + 1) : `Layer ${at + 1}`]), String(layer), (chosen) => turn(Number(chosen)));
  const resort = h("input", { type: "checkbox", onchange: () => draw() });
  const ranks = new Chart({ label: "Stable rank of each layer as training goes on", signal, press: (epoch) => timeline.seek(epoch) });
  const rankPart = h("section", { class: "part" }, h("header", {}, h("h2", {}, "Stable rank"), h("p", { class: "lead" }, "How many directions a layer's weights really use.")), ranks.element);
  root.append(
    back,
    h("h1", {}, "Look inside"),
    h("p", { class: "lead" }, "Every unit is a function of row and column, so each can be seen as a picture. The first matter most to the painting; units that no longer answer to anything are marked."),
    h("div", { class: "layers-bar" }, h("div", { class: "row" }, tabs, h("label", { class: "row check" }, resort, "Sort at every moment"), about), timeline.element),
    problems.element,
    units.element,
    h("section", { class: "part" }, h("header", {}, h("h2", {}, "Weights and activations"), h("p", { class: "lead" }, "Of every layer, at this moment.")), bars.element),
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
      bars.show(await get(ofRun(name, `/histograms?step=${step()}`), signal));
    } catch (error) {
      fail("units")(error);
    }
  });

  const room = () => units.wait(run.layers[layer - 1], run.width / run.height || 1);

  function turn(to) {
    const before = run.layers[layer - 1];
    layer = Math.min(hidden, Math.max(1, to));
    if (run.layers[layer - 1] !== before) room();
    tabs.set(String(layer));
    history.replaceState(null, "", layer === 1 ? location.pathname : `?layer=${layer}`);
    draw();
  }

  const fail = (source) => (error) => left(error) || problems.say(source, error.message);

  keys(signal, [
    { keys: ["ArrowUp", "["], shown: "↑", says: "The layer before", run: () => turn(layer - 1) },
    { keys: ["ArrowDown", "]"], shown: "↓", says: "The next layer", run: () => turn(layer + 1) },
  ]);
  about.textContent = "Asking the network …";
  room();
  timeline.places(moments.map((each) => each.epoch));
  ready();
  // What is on screen comes first: the network answers one question at a time.
  drawn.then(followRanks).catch(fail("ranks"));

  /** The ranks at some of the moments, one after another, the coarse curve first: the server is asked politely. */
  async function followRanks() {
    const found = new Map();
    for (const at of spread(moments.length, MOST_RANKS)) {
      const { stable_rank } = await get(ofRun(name, `/ranks?step=${moments[at].step}`), signal);
      if (!stable_rank.length) return;
      found.set(at, stable_rank);
      const places = [...found.keys()].sort((one, other) => one - other);
      const x = places.map((place) => moments[place].epoch);
      const traces = stable_rank.map((_, number) => ({ name: number === hidden ? "output" : `layer ${number + 1}`, at: number, x, y: places.map((place) => found.get(place)[number]), points: true }));
      await ranks.draw({ x: "epochs", y: "", traces, legend: true });
    }
  }
}

/** Some of the numbers below `count`: the ends, the middle, the quarters, and so on. */
function spread(count, most) {
  const found = new Set([count - 1, 0]);
  for (let parts = 2; found.size < Math.min(count, most) && parts < 2 * count; parts *= 2)
    for (let part = 1; part < parts && found.size < Math.min(count, most); part += 2) found.add(Math.round(((count - 1) * part) / parts));
  return found;
}
