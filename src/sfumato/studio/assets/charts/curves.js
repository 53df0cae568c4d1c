// A run's curves: PSNR and loss against epochs, seconds, or operations.

import { get, isAbort, runUrl } from "../core/api.js";
import { Chart } from "./chart.js";
import { radioGroup, h } from "../core/element.js";

export const AXES = [["epoch", "Epochs"], ["seconds", "Seconds"], ["operations", "Operations"]];
export const AXIS_NAMES = { epoch: "epochs", seconds: "seconds of training", operations: "floating-point operations" };
const MIN_INTERVAL = 2000; // ms between two drawings, because drawing takes time from the training
const DRAW_RATIO = 20; // interval between drawings in multiples of a drawing's duration, on a busy machine

/** press(epoch) is called when a curve is clicked, loaded(metrics) when metrics have arrived. */
export function curves({ name, signal, press, loaded }) {
  let axis = "epoch";
  let metrics = null;
  let current = null;
  const problem = h("p", { class: "problem", role: "alert" });
  const pressAt = (value) => {
    // A click gives a value on the current axis; the timeline counts epochs.
    const all = [metrics, metrics.running].flatMap((each) => (each?.[axis] ?? []).map((x, at) => [Math.abs(x - value), each.epoch[at]]));
    if (all.length) press(all.reduce((one, other) => (other[0] < one[0] ? other : one))[1]);
  };
  const psnr = new Chart({ label: "PSNR during training", signal, press: pressAt });
  const loss = new Chart({ label: "Loss during training", signal, press: pressAt });
  const element = h(
    "section",
    { class: "part" },
    h(
      "header",
      {},
      h("h2", {}, "Curves"),
      radioGroup("Curves by", AXES, axis, (chosen) => {
        axis = chosen;
        draw();
      }),
    ),
    problem,
    h("div", { class: "charts" }, psnr.element, loss.element),
  );

  function draw() {
    if (!metrics?.epoch?.length && !metrics?.running?.epoch?.length) return;
    const x = metrics[axis];
    const common = { x: AXIS_NAMES[axis], now: current?.[axis] };
    const exact = (what) => ({ name: "exact", x, y: metrics[what], accent: true, points: x.length < 60 });
    // Metrics of the training samples: there are more of them, but they are less exact.
    const running = (what) => (metrics.running?.[what]?.some(Number.isFinite) ? [{ name: "running", x: metrics.running[axis], y: metrics.running[what], accent: true, faint: true }] : []);
    const start = performance.now();
    Promise.all([
      psnr.draw({ ...common, y: "PSNR, dB", traces: [...running("psnr"), exact("psnr")] }),
      loss.draw({ ...common, y: "Loss", log: true, traces: [...running("loss"), exact("loss")] }),
    ])
      .then(() => (drawTime = performance.now() - start))
      .catch(fail);
  }

  let last = 0;
  let drawTime = 0; // ms of the last drawing
  let waiting = 0;
  async function refresh() {
    clearTimeout(waiting);
    const rest = last + Math.max(MIN_INTERVAL, DRAW_RATIO * drawTime) - Date.now();
    if (rest > 0) {
      waiting = setTimeout(refresh, rest);
      return;
    }
    last = Date.now();
    try {
      metrics = await get(runUrl(name, "/metrics"), signal);
      problem.textContent = "";
      loaded(metrics);
      draw();
    } catch (error) {
      fail(error);
    }
  }

  function fail(error) {
    if (!isAbort(error)) problem.textContent = error.message;
  }

  signal.addEventListener("abort", () => clearTimeout(waiting));
  return {
    element,
    refresh,
    /** Mark the current frame. */
    mark(frame) {
      current = frame;
      psnr.mark(frame[axis]);
      loss.mark(frame[axis]);
    },
  };
}
