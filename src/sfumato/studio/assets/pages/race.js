// Runs side by side, aligned by epoch, seconds, or operations, with one chart for all.

import { racePage, raced } from "../core/addresses.js";
import { isAbort } from "../core/api.js";
import { AXES, AXIS_NAMES } from "../charts/curves.js";
import { Chart } from "../charts/chart.js";
import { radioGroup, h } from "../core/element.js";
import { messages } from "../core/messages.js";
import { withPrefix } from "../core/place.js";
import { repeat } from "../core/repeat.js";
import { lane } from "../race/lane.js";
import { Timeline } from "../viewing/timeline.js";
import { duration, epochs, operations } from "../core/format.js";

const MAX_RUNS = 8;
const REFRESH_INTERVAL = 1000; // ms between refreshes of live runs

export async function show(root, { query, signal, ready, go }) {
  const names = raced(query).slice(0, MAX_RUNS);
  if (!names.length) {
    root.append(
      h(
        "div",
        { class: "empty" },
        h("h1", {}, "Race"),
        h("p", { class: "lead" }, "Select two to eight runs in the gallery and press Race, or define arms in the form and start them together."),
        h("div", { class: "row center" }, h("a", { class: "button main", href: "/" }, "Choose runs"), h("a", { class: "button", href: "/new" }, "Define arms")),
      ),
    );
    return;
  }
  let axis = query.get("by") ?? "epoch";
  let what = "both";
  const problems = messages();
  const lanes = names.map((name, at) => lane({ name, at, signal, remove: names.length > 2 ? () => without(name) : null }));
  const grid = h("div", { class: "lanes both" }, lanes.map((each) => each.element));
  const chart = new Chart({ label: "PSNR of every run", signal, press: (position) => timeline.seek(position) });
  const say = { epoch: (position) => `epoch ${epochs(position)}`, seconds: (position) => `${duration(position)} of training`, operations: (position) => operations(position) };
  const timeline = new Timeline({
    signal,
    name: "Position in the race",
    show: (position) => {
      chart.mark(position);
      return Promise.all(lanes.map((each) => each.seek(position, axis)));
    },
    say: (at) => say[axis](timeline.all[at]),
  });
  const axes = radioGroup("Align by", AXES, axis, (chosen) => {
    axis = chosen;
    saveAxis();
    fill();
  });
  const pictures = radioGroup("Show", [["painting", "Paintings"], ["error", "Errors"], ["both", "Both"]], what, (chosen) => {
    what = chosen;
    grid.className = `lanes ${what}`;
  });
  root.append(
    h("a", { class: "back", href: "/" }, "← All runs"),
    h("header", { class: "race-head" }, h("h1", {}, `Race of ${names.length}`), h("div", { class: "row" }, axes, pictures)),
    problems.element,
    h("div", { class: "race-bar" }, timeline.element),
    grid,
    h("section", { class: "part" }, h("header", {}, h("h2", {}, "PSNR")), chart.element),
  );

  function fill() {
    const positions = new Set();
    for (const each of lanes) for (const frame of each.frames()) if (Number.isFinite(frame[axis])) positions.add(frame[axis]);
    timeline.positions([...positions].sort((one, other) => one - other));
    if (timeline.at >= 0) timeline.show(timeline.all[timeline.at]);
    const marks = lanes.map((each) => each.marks()).filter((each) => each.length);
    const shared = new Set((marks[0] ?? []).filter((mark) => marks.every((each) => each.includes(mark))));
    const traces = lanes.map((each) => each.trace(axis, shared)).filter(Boolean);
    if (traces.length) chart.draw({ x: AXIS_NAMES[axis], y: "PSNR, dB", traces, now: timeline.all[timeline.at], legend: true }).catch(fail("chart"));
  }

  function saveAxis() {
    const params = new URLSearchParams(location.search);
    axis === "epoch" ? params.delete("by") : params.set("by", axis);
    history.replaceState(null, "", withPrefix(`/race?${params}`));
  }

  function without(name) {
    go(racePage(names.filter((each) => each !== name)));
  }

  async function refresh() {
    try {
      const changed = await Promise.all(lanes.filter((each) => !each.settled()).map((each) => each.refresh()));
      if (changed.some(Boolean)) fill();
      problems.say("runs", "");
    } catch (error) {
      fail("runs")(error);
    }
  }

  function fail(source) {
    return (error) => isAbort(error) || problems.say(source, error.message);
  }

  await refresh();
  ready();
  repeat(refresh, REFRESH_INTERVAL, signal);
}
