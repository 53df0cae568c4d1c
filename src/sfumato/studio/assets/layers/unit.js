// One unit, enlarged: its output over the picture, its inputs, and the units that it feeds.

import { get, isAbort, runUrl } from "../core/api.js";
import { h } from "../core/element.js";
import { withPrefix } from "../core/place.js";

const COLORS = ["red", "green", "blue", "alpha"];

/** go(layer, unit) is called when a unit of a neighboring layer is pressed. */
export function unitBox({ name, signal, go }) {
  const title = h("h2", { id: "unit-title" });
  const image = h("img", { class: "unit-large", alt: "" });
  const facts = h("p", { class: "quietly figure" });
  const into = h("ol", { class: "weights" });
  const out = h("ol", { class: "weights" });
  const problem = h("p", { class: "problem", role: "alert" });
  const element = h(
    "dialog",
    { class: "unit-box", "aria-labelledby": "unit-title" },
    h("div", { class: "unit-head" }, title, h("button", { type: "button", class: "quiet", onclick: () => element.close() }, "Close")),
    problem,
    h("div", { class: "unit-parts" }, h("figure", {}, image, facts), h("div", {}, h("h3", {}, "Inputs"), into), h("div", {}, h("h3", {}, "Outputs"), out)),
  );
  let current = null;
  // A click outside of the dialog closes it.
  element.addEventListener("click", (event) => event.target === element && element.close());
  element.addEventListener("close", () => (current = null));
  signal.addEventListener("abort", () => element.open && element.close());

  async function show(layer, unit, step) {
    current = { layer, unit, step };
    title.textContent = `Layer ${layer}, unit ${unit}`;
    image.src = withPrefix(runUrl(name, `/layers/${layer}/units/${unit}.png?step=${step}&size=512`));
    image.alt = `Output of unit ${unit} of layer ${layer} over the picture`;
    try {
      const found = await get(runUrl(name, `/layers/${layer}/units/${unit}?step=${step}`), signal);
      if (current?.unit !== unit || current.layer !== layer || current.step !== step) return;
      problem.textContent = "";
      facts.textContent = [found.dead ? "dead" : null, Number.isFinite(found.importance) ? `importance ${found.importance.toPrecision(3)}` : null, Number.isFinite(found.bias) ? `bias ${found.bias.toFixed(3)}` : null].filter(Boolean).join(" · ");
      fill(into, found.inputs, layer - 1);
      fill(out, found.outputs, layer + 1);
    } catch (error) {
      if (!isAbort(error)) problem.textContent = error.message;
    }
  }

  function fill(list, all, neighbor) {
    const largest = Math.max(...all.map((each) => Math.abs(each.weight)), 1e-12);
    list.replaceChildren(
      ...all.map((each) => {
        const of = each.unit ?? each.coordinate ?? each.feature ?? each.color;
        const inside = each.unit !== undefined;
        const text = inside ? (each.layer ? `layer ${each.layer}, unit ${of}` : `unit ${of}`) : each.feature !== undefined ? `feature ${of}` : each.color !== undefined ? (COLORS[of] ?? String(of)) : of;
        const bar = h("span", { class: each.weight < 0 ? "bar minus" : "bar" });
        bar.style.setProperty("width", `${(100 * Math.abs(each.weight)) / largest}%`);
        const who = inside ? h("button", { type: "button", class: "quiet", onclick: () => go(each.layer ?? neighbor, of) }, text) : h("span", { class: "who" }, text);
        return h("li", {}, who, h("span", { class: "room" }, bar), h("span", { class: "figure" }, each.weight.toFixed(3)));
      }),
    );
  }

  return {
    element,
    open(layer, unit, step) {
      show(layer, unit, step);
      if (!element.open) element.showModal();
    },
    follow(step) {
      if (current && current.step !== step) show(current.layer, current.unit, step);
    },
  };
}
