// A run's curves: PSNR and loss by epoch, seconds or operations.

import { get, left, ofRun } from "../core/api.js";
import { Chart } from "./chart.js";
import { few, h } from "../core/element.js";

export const AXES = [["epoch", "Epochs"], ["seconds", "Seconds"], ["operations", "Operations"]];
export const AXIS_NAMES = { epoch: "epochs", seconds: "seconds of training", operations: "floating-point operations" };
const LEAST = 2000; // ms between two drawings: they take from the training
const SHARE = 20; // times as long as a drawing took, on a machine that is busy

/** press(epoch) when a curve is clicked; loaded(metrics) whenever there are newer ones. */
export function curves({ name, signal, press, loaded }) {
  let axis = "epoch";
  let metrics = null;
  let present = null;
  const problem = h("p", { class: "problem", role: "alert" });
  const back = (place) => {
    // A click tells a place on the present axis; the timeline counts epochs.
    const all = [metrics, metrics.running].flatMap((each) => (each?.[axis] ?? []).map((value, at) => [Math.abs(value - place), each.epoch[at]]));
    if (all.length) press(all.reduce((one, other) => (other[0] < one[0] ? other : one))[1]);
  };
  const psnr = new Chart({ label: "PSNR as training goes on", signal, press: back });
  const loss = new Chart({ label: "Loss as training goes on", signal, press: back });
  const element = h(
    "section",
    { class: "part" },
    h(
      "header",
      {},
      h("h2", {}, "Curves"),
      few("Curves by", AXES, axis, (chosen) => {
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
    const common = { x: AXIS_NAMES[axis], now: present?.[axis] };
    const exact = (what) => ({ name: "exact", x, y: metrics[what], accent: true, points: x.length < 60 });
    // Figures from the samples that training showed anyway: more of them, and less exact.
    const running = (what) => (metrics.running?.[what]?.some(Number.isFinite) ? [{ name: "running", x: metrics.running[axis], y: metrics.running[what], accent: true, faint: true }] : []);
    const began = performance.now();
    Promise.all([
      psnr.draw({ ...common, y: "PSNR, dB", traces: [...running("psnr"), exact("psnr")] }),
      loss.draw({ ...common, y: "Loss", log: true, traces: [...running("loss"), exact("loss")] }),
    ])
      .then(() => (took = performance.now() - began))
      .catch(fail);
  }

  let last = 0;
  let took = 0; // ms of the last drawing
  let waiting = 0;
  async function refresh() {
    clearTimeout(waiting);
    const rest = last + Math.max(LEAST, SHARE * took) - Date.now();
    if (rest > 0) {
      waiting = setTimeout(refresh, rest);
      return;
    }
    last = Date.now();
    try {
      metrics = await get(ofRun(name, "/metrics"), signal);
      problem.textContent = "";
      loaded(metrics);
      draw();
    } catch (error) {
      fail(error);
    }
  }

  function fail(error) {
    if (!left(error)) problem.textContent = error.message;
  }

  signal.addEventListener("abort", () => clearTimeout(waiting));
  return {
    element,
    refresh,
    /** Mark the frame on screen. */
    mark(frame) {
      present = frame;
      psnr.mark(frame[axis]);
      loss.mark(frame[axis]);
    },
  };
}
