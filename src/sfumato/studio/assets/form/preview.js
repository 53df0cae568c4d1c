// What a recipe would be: its network drawn, its size, how long it would take, and what the check finds; before it starts.

import { ask, left } from "../core/api.js";
import { drawing } from "./drawing.js";
import { h } from "../core/element.js";
import { count, duration, epochs, operations } from "../core/format.js";

const FINE = "ok"; // the level of a finding that needs no change
const STILL = 700; // ms without a change, after which the check may begin: it costs a second of both cores

export function outlook(signal) {
  const drawn = drawing();
  const figures = h("dl", { class: "figures figure" });
  const verdict = h("p", { class: "quietly", role: "status" });
  const found = h("ul", { class: "findings" });
  const element = h("div", { class: "outlook" }, h("h2", { class: "unseen" }, "What it would be"), drawn.element, figures, h("div", { class: "health" }, h("h3", {}, "Health check"), verdict, found));
  let describing = new AbortController();
  let checking = new AbortController();
  let waiting = 0;

  async function show(asked, blame) {
    describing.abort();
    checking.abort();
    clearTimeout(waiting);
    describing = new AbortController();
    let now;
    try {
      now = await ask("/api/describe", asked, AbortSignal.any([signal, describing.signal]));
    } catch (error) {
      if (left(error)) return;
      now = { valid: false, problem: error.message, field: error.field };
    }
    blame(now.valid ? "" : now.problem, now.field);
    element.classList.toggle("invalid", !now.valid);
    if (!now.valid) {
      verdict.textContent = "The recipe cannot be trained as it is.";
      found.replaceChildren();
      return;
    }
    if (now.layers?.length) drawn.show(now);
    const shown = [["Parameters", count(now.parameters)], ["Multiply-adds a pixel", count(now.multiply_adds)]];
    if (Number.isFinite(now.epochs)) shown.push(["Epochs", epochs(now.epochs)]);
    if (Number.isFinite(now.steps)) shown.push(["Steps", count(now.steps)]);
    if (Number.isFinite(now.operations)) shown.push(["Operations", operations(now.operations)]);
    if (Number.isFinite(now.seconds)) shown.push(["Training", duration(now.seconds)]);
    figures.replaceChildren(...shown.map(([what, text]) => h("div", {}, h("dt", {}, what), h("dd", {}, text))));
    verdict.textContent = "Waits until nothing moves.";
    found.replaceChildren();
    waiting = setTimeout(() => check(asked), STILL);
  }

  async function check(asked, pressed = false) {
    checking = new AbortController();
    verdict.textContent = "Trying a few steps …";
    try {
      const { tried, why, works, findings } = await ask("/api/check", { ...asked, pressed }, AbortSignal.any([signal, checking.signal]));
      if (!tried) {
        // What a page does by itself is bounded: a link may have filled this form.
        if (pressed) verdict.textContent = `Not tried: ${why}`;
        else verdict.replaceChildren(`Not tried by itself: ${why} `, h("button", { type: "button", onclick: () => check(asked, true) }, "Check anyway"));
        return;
      }
      const hurt = findings.some((each) => each.level !== FINE);
      verdict.textContent = !works ? "It is unlikely to learn." : hurt ? "It will learn, with something in its way." : "It will learn.";
      found.replaceChildren(...findings.map((each) => h("li", { data: { level: each.level } }, each.text)));
    } catch (error) {
      if (!left(error)) verdict.textContent = error.message;
    }
  }

  signal.addEventListener("abort", () => clearTimeout(waiting));
  return {
    element,
    show,
    /** Leave the processor to the run that starts; what is still on its way is of no use by then. */
    quiet() {
      clearTimeout(waiting);
      describing.abort();
      checking.abort();
      verdict.textContent = "";
    },
  };
}
