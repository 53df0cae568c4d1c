// A layer's units as a grid of small pictures, cut from one sheet that the server draws.

import { get, runUrl, picture } from "../core/api.js";
import { h } from "../core/element.js";

const MAX_UNITS = 400; // units that are shown until all are requested
const FEW = 64; // up to this many units are shown larger

/** open(unit) is called when a unit is pressed. */
export function sheet({ name, signal, open }) {
  const wall = h("ul", { class: "units" });
  const more = h("button", { type: "button", hidden: true, onclick: () => ((most = Infinity), draw()) }, "Show all units");
  const element = h("div", {}, wall, h("div", { class: "row all-units" }, more));
  const cells = new Map();
  let layer = 0;
  let most = MAX_UNITS;
  let last = null;

  function cell(unit) {
    if (cells.has(unit)) return cells.get(unit);
    const canvas = h("canvas");
    const button = h("button", { type: "button", class: "unit", onclick: () => open(unit) }, canvas);
    const made = { element: h("li", {}, button), button, canvas };
    cells.set(unit, made);
    return made;
  }

  function draw() {
    const { found, bitmap } = last;
    const dead = new Set(found.dead);
    const place = new Map(found.order.map((unit, at) => [unit, at]));
    const [wide, high] = found.cell;
    const largest = Math.max(...found.importance.filter(Number.isFinite), 1e-12);
    const shown = found.order.slice(0, most);
    wall.style.setProperty("--ratio", `${wide / high}`);
    wall.classList.toggle("large", found.order.length <= FEW);
    const elements = shown.map((unit) => {
      const { element: item, button, canvas } = cell(unit);
      const at = place.get(unit);
      if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
      const context = canvas.getContext("2d");
      const [left, top] = [(at % found.columns) * (wide + found.gap), Math.floor(at / found.columns) * (high + found.gap)];
      context.drawImage(bitmap, left, top, wide, high, 0, 0, wide, high);
      const share = found.importance[unit] / largest;
      button.classList.toggle("dead", dead.has(unit));
      button.setAttribute("aria-label", `Unit ${unit}, ${dead.has(unit) ? "dead" : `rank ${at + 1} by importance`}`);
      button.title = dead.has(unit) ? `unit ${unit}: dead` : `unit ${unit}: ${Math.round(100 * share)}% of the largest importance`;
      return item;
    });
    if (elements.length !== wall.children.length || elements.some((each, at) => wall.children[at] !== each)) wall.replaceChildren(...elements);
    more.hidden = found.order.length <= most;
    more.textContent = `Show all ${found.order.length} units`;
  }

  signal.addEventListener("abort", () => cells.clear());
  wall.setAttribute("aria-label", "Units");
  return {
    element,
    /** Reserve space for `count` units until they are loaded. */
    wait(count, ratio) {
      wall.style.setProperty("--ratio", String(ratio));
      wall.classList.toggle("large", count <= FEW);
      wall.replaceChildren(...Array.from({ length: Math.min(count, MAX_UNITS) }, () => h("li", { class: "unit-room", "aria-hidden": "true" })));
    },
    /** Show a layer at a step, in the order and colors that it has at step `by`, and return the server's description. */
    async show(wanted, step, by, canceled) {
      const found = await get(runUrl(name, `/layers/${wanted}?step=${step}&by=${by}`), canceled);
      const bitmap = await picture(found.sheet, canceled);
      last = { found, bitmap };
      if (wanted !== layer) {
        cells.clear();
        most = MAX_UNITS;
        layer = wanted;
      }
      draw();
      return found;
    },
  };
}
