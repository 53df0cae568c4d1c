// The preview of a recipe before it starts: a drawing of its network, its size and duration, and its health check.

import { ask, isAbort } from "../core/api.js";
import { drawing } from "./drawing.js";
import { h } from "../core/element.js";
import { count, duration, epochs, operations } from "../core/format.js";

const NO_CHANGE = "ok"; // the level of a finding that needs no change
const DEBOUNCE = 700; // ms without a change before the check starts: it costs a second of both cores

export function preview(signal) {
  const drawn = drawing();
  const figures = h("dl", { class: "figures figure" });
  const verdict = h("p", { class: "quietly", role: "status" });
  const found = h("ul", { class: "findings" });
  const element = h("div", { class: "preview" }, h("h2", { class: "unseen" }, "Preview"), drawn.element, figures, h("div", { class: "health" }, h("h3", {}, "Health check"), verdict, found));
  let describing = new AbortController();
  let checking = new AbortController();
  let waiting = 0;

  async function show(recipe, showProblem) {
    describing.abort();
    checking.abort();
    clearTimeout(waiting);
    describing = new AbortController();
    let now;
    try {
      now = await ask("/api/describe", recipe, AbortSignal.any([signal, describing.signal]));
    } catch (error) {
      if (isAbort(error)) return;
      now = { valid: false, problem: error.message, field: error.field };
    }
    showProblem(now.valid ? "" : now.problem, now.field);
    element.classList.toggle("invalid", !now.valid);
    if (!now.valid) {
      verdict.textContent = "This recipe is not valid.";
      found.replaceChildren();
      return;
    }
    if (now.layers?.length) drawn.show(now);
    const shown = [["Parameters", count(now.parameters)], ["Multiply-adds per pixel", count(now.multiply_adds)]];
    if (Number.isFinite(now.epochs)) shown.push(["Epochs", epochs(now.epochs)]);
    if (Number.isFinite(now.steps)) shown.push(["Steps", count(now.steps)]);
    if (Number.isFinite(now.operations)) shown.push(["Operations", operations(now.operations)]);
    if (Number.isFinite(now.seconds)) shown.push(["Training", duration(now.seconds)]);
    figures.replaceChildren(...shown.map(([what, text]) => h("div", {}, h("dt", {}, what), h("dd", {}, text))));
    verdict.textContent = "The check starts when the form no longer changes.";
    found.replaceChildren();
    waiting = setTimeout(() => check(recipe), DEBOUNCE);
  }

  async function check(recipe, pressed = false) {
    checking = new AbortController();
    verdict.textContent = "Training a few steps …";
    try {
      const { tried, why, works, findings } = await ask("/api/check", { ...recipe, pressed }, AbortSignal.any([signal, checking.signal]));
      if (!tried) {
        // A check that the page starts by itself is limited: a link may have filled this form.
        if (pressed) verdict.textContent = `Not checked: ${why}`;
        else verdict.replaceChildren(`Not checked automatically: ${why} `, h("button", { type: "button", onclick: () => check(recipe, true) }, "Check anyway"));
        return;
      }
      const hasWarnings = findings.some((each) => each.level !== NO_CHANGE);
      verdict.textContent = !works ? "It is unlikely to learn." : hasWarnings ? "It will learn, but not as well as it could." : "It will learn.";
      found.replaceChildren(...findings.map((each) => h("li", { data: { level: each.level } }, each.text)));
    } catch (error) {
      if (!isAbort(error)) verdict.textContent = error.message;
    }
  }

  signal.addEventListener("abort", () => clearTimeout(waiting));
  return {
    element,
    show,
    /** Stop the check, so that the run that starts has the processor. */
    quiet() {
      clearTimeout(waiting);
      describing.abort();
      checking.abort();
      verdict.textContent = "";
    },
  };
}
