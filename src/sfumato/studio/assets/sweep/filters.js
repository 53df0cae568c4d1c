// The brushes of the parallel coordinates as sliders, two for each axis: for keyboards and screen readers.

import { h } from "../core/element.js";
import { ALL } from "./data.js";

const STEPS = 100;

export function filters({ brushes }) {
  const list = h("div", { class: "grid" });
  const kept = h("span", { class: "quietly figure", role: "status" });
  const clear = h("button", { type: "button", hidden: true, onclick: () => brushes.clear() }, "Clear the brushes");
  const element = h(
    "div",
    { class: "brushes" },
    h("p", { class: "row" }, kept, clear),
    h("details", { class: "fields" }, h("summary", {}, h("h3", {}, "Brush by sliders")), list),
  );
  const rows = new Map();

  function row(axis) {
    let now = axis;
    const output = h("output", { class: "quietly" });
    const steps = () => (now.choices ? Math.max(now.choices.length - 1, 1) : STEPS);
    const slider = (end) => h("input", { type: "range", min: "0", max: String(steps()), "aria-label": `${axis.name}, ${end}`, oninput: () => change(end) });
    const [low, high] = [slider("from"), slider("to")];
    function change(end) {
      // One end pushes the other.
      if (Number(low.value) > Number(high.value)) end === "from" ? (high.value = low.value) : (low.value = high.value);
      brushes.set(now, [Number(low.value) / steps(), Number(high.value) / steps()]);
    }
    return {
      element: h("fieldset", { class: "brush" }, h("legend", {}, axis.title), h("div", {}, low, high), output),
      show(current) {
        now = current;
        const interval = brushes.of(now);
        const [from, to] = interval ?? [0, 1];
        if (document.activeElement !== low) low.value = Math.round(from * steps());
        if (document.activeElement !== high) high.value = Math.round(to * steps());
        low.setAttribute("aria-valuetext", now.near(from));
        high.setAttribute("aria-valuetext", now.near(to));
        output.textContent = interval === ALL ? "all" : now.near(from) === now.near(to) ? now.near(from) : `${now.near(from)} to ${now.near(to)}`;
      },
    };
  }

  return {
    element,
    show(axes, left, all) {
      const names = axes.map((axis) => axis.name);
      if (names.join("\n") !== [...rows.keys()].join("\n")) {
        rows.clear();
        for (const axis of axes) rows.set(axis.name, row(axis));
        list.replaceChildren(...[...rows.values()].map((each) => each.element));
      }
      for (const axis of axes) rows.get(axis.name).show(axis);
      kept.textContent = brushes.size ? `${left} of ${all} configurations are inside of the brushes.` : "Drag along an axis to brush it; a click on it clears its brush.";
      clear.hidden = !brushes.size;
    },
  };
}
