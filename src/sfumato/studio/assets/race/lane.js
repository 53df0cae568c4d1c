// One run in a race: its painting and its error map at the race's position.

import { runPage } from "../core/addresses.js";
import { get, isAbort, runUrl, picture } from "../core/api.js";
import { Paintings, film } from "../viewing/film.js";
import { curveColor } from "../charts/chart.js";
import { h } from "../core/element.js";
import { latest } from "../core/latest.js";
import { errorMap, pixels } from "../viewing/pixels.js";
import { decibels, differing, duration, epochs, isLive, pictureName } from "../core/format.js";
import { stateText } from "../run/queue.js";

const MAX_LABEL = 48; // characters of a curve's name
const FEW = 12; // below this many points, each gets a marker

export function lane({ name, at, signal, remove }) {
  const painting = h("canvas", { role: "img" });
  const error = h("canvas", { role: "img" });
  const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
  const title = h("a", { class: "lane-title", href: runPage(name) }, name);
  const recipe = h("p", { class: "recipe" });
  const state = h("span", { class: "state" });
  const psnr = h("span", { class: "psnr figure" });
  const foot = h("p", { class: "quietly figure foot" });
  const problem = h("p", { class: "problem", role: "alert" });
  const out = remove ? h("button", { type: "button", class: "quiet", "aria-label": `Remove ${name}`, onclick: remove }, "×") : null;
  const element = h(
    "article",
    { class: "lane" },
    h("div", { class: "lane-pictures" }, painting, error),
    h("div", { class: "card-head" }, h("span", { class: "lane-name" }, swatch, title), psnr, out),
    recipe,
    foot,
    problem,
  );
  const tint = () => swatch.style.setProperty("background", curveColor(at));
  tint();
  document.addEventListener("theme", tint, { signal });
  let run = null;
  let gone = false;
  let metrics = null;
  let target = null;
  let wanted = null;
  let paintings = null;
  let moments = [];

  const draw = latest(async (frame) => {
    if (!run.width) return;
    try {
      target ??= pixels(await picture(runUrl(name, "/target.png"), signal), run.width, run.height);
      paintings ??= new Paintings(name, run, signal);
      const bitmap = await paintings.get(frame);
      problem.textContent = "";
      for (const canvas of [painting, error]) if (canvas.width !== run.width || canvas.height !== run.height) Object.assign(canvas, { width: run.width, height: run.height });
      painting.getContext("2d").drawImage(bitmap, 0, 0, run.width, run.height);
      error.getContext("2d").drawImage(errorMap(target, pixels(bitmap, run.width, run.height)), 0, 0);
    } catch (failure) {
      if (!isAbort(failure)) problem.textContent = failure.message;
    }
  });

  return {
    element,
    frames: () => moments,
    settled: () => gone || (Boolean(run) && !isLive(run.state) && (run.width || run.state === "damaged")),
    /** Reload the run, and return whether anything changed. */
    async refresh() {
      const before = run && `${stateText(run)} ${moments.length} ${metrics?.step?.length}`;
      try {
        [run, metrics] = await Promise.all([get(runUrl(name), signal), get(runUrl(name, "/metrics"), signal)]);
        run.before = run.now?.before;
      } catch (failure) {
        if (failure.status !== 404) throw failure;
        // A deleted run shows a message in its lane; the others go on.
        gone = true;
        moments = [];
        problem.textContent = failure.message;
        return true;
      }
      moments = film(run.frames, metrics.running);
      const pairs = differing(run.differences);
      title.textContent = `${at + 1}. ${pictureName(run.picture)}`;
      title.title = run.shown;
      out?.setAttribute("aria-label", `Remove ${run.shown}`);
      recipe.replaceChildren(...(pairs.length ? pairs.flatMap(([key, text]) => [h("span", {}, h("span", { class: "quietly" }, key), ` ${text}`), " "]) : [h("span", { class: "quietly" }, "the default recipe")]));
      if (run.width) element.style.setProperty("--ratio", `${run.width / run.height}`);
      state.textContent = stateText(run);
      state.dataset.state = run.state;
      painting.setAttribute("aria-label", `Painting of ${run.shown}`);
      error.setAttribute("aria-label", `Errors of ${run.shown}`);
      return before !== `${stateText(run)} ${moments.length} ${metrics?.step?.length}`;
    },
    /** Show the last frame at or before a position. */
    seek(place, axis) {
      const past = moments.filter((frame) => frame[axis] <= place * (1 + 1e-9));
      const frame = past.at(-1) ?? moments[0];
      element.classList.toggle("waits", !past.length);
      if (!frame) {
        foot.replaceChildren(...(gone ? [] : [state]));
        return null;
      }
      psnr.textContent = frame.exact || !Number.isFinite(frame.psnr) ? decibels(frame.psnr) : `running ${decibels(frame.psnr)}`;
      foot.replaceChildren(...(run.state === "done" ? [] : [state]), h("span", {}, `epoch ${epochs(frame.epoch)}`), h("span", {}, duration(frame.seconds)));
      if (wanted?.step === frame.step) return null;
      wanted = frame;
      return draw(frame);
    },
    /** What may name it in the race: its picture, and each difference of its recipe from the default. */
    marks: () => (run ? [pictureName(run.picture), ...differing(run.differences).map(([key, text]) => `${key} ${text}`)] : []),
    /** Its curve, named by those marks that not all lanes share. */
    trace(axis, shared) {
      if (!moments.length) return null;
      const own = this.marks().filter((mark) => !shared.has(mark)).join(", ");
      const name = `${at + 1}. ${own || "default"}`;
      return { name: name.length > MAX_LABEL ? `${name.slice(0, MAX_LABEL - 1)}…` : name, at, x: moments.map((frame) => frame[axis]), y: moments.map((frame) => frame.psnr), points: moments.length < FEW };
    },
  };
}
