// The brushes of the parallel coordinates as sliders, two for each axis: for keyboards and screen readers.

import { h } from "../core/element.js";

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
    const change = (end) => brushes.move(now, end, Number((end === "from" ? low : high).value) / steps());
    return {
      element: h("fieldset", { class: "brush" }, h("legend", {}, axis.title), h("div", {}, low, high), output),
      show(current) {
        now = current;
        const ends = brushes.ends(now);
        const positions = now.choices?.length > 1 ? ends.map((value) => value / steps()) : (brushes.of(now) ?? [0, 1]);
        [low, high].forEach((slider, at) => {
          if (document.activeElement !== slider) slider.value = Math.round(positions[at] * steps());
          slider.setAttribute("aria-valuetext", now.format(ends[at]) ?? "none");
        });
        output.textContent = brushes.text(now);
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
