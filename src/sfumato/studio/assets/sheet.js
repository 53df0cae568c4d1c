// A layer's units as a wall of small pictures, cut from the one sheet that the server makes of them.

import { get, ofRun, picture } from "./api.js";
import { h } from "./element.js";

const MOST = 400; // beyond it a wall helps nobody until it is asked for

/** open(unit) when one is pressed. The order stays that of the first moment shown, so that a film holds still. */
export function sheet({ name, signal, open }) {
  const wall = h("ul", { class: "units" });
  const more = h("button", { type: "button", hidden: true, onclick: () => ((most = Infinity), draw()) }, "Show all units");
  const element = h("div", {}, wall, h("div", { class: "row all-units" }, more));
  const cells = new Map();
  let layer = 0;
  let most = MOST;
  let order = [];
  let resort = false;
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
    const rank = place;
    const [wide, high] = [bitmap.width / found.columns, bitmap.height / Math.ceil(found.order.length / found.columns)];
    const largest = Math.max(...found.importance.filter(Number.isFinite), 1e-12);
    const shown = order.slice(0, most);
    wall.style.setProperty("--ratio", `${found.width / found.height}`);
    const elements = shown.map((unit) => {
      const { element: item, button, canvas } = cell(unit);
      const at = place.get(unit);
      if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
      const context = canvas.getContext("2d");
      context.drawImage(bitmap, (at % found.columns) * wide, Math.floor(at / found.columns) * high, wide, high, 0, 0, wide, high);
      const share = found.importance[at] / largest;
      button.classList.toggle("dead", dead.has(unit));
      button.setAttribute("aria-label", `Unit ${unit}, ${dead.has(unit) ? "dead" : `number ${rank.get(unit) + 1} in importance`}`);
      button.title = dead.has(unit) ? `unit ${unit}: dead` : `unit ${unit}: ${Math.round(100 * share)}% of the most important`;
      return item;
    });
    if (elements.length !== wall.children.length || elements.some((each, at) => wall.children[at] !== each)) wall.replaceChildren(...elements);
    more.hidden = order.length <= most;
    more.textContent = `Show all ${order.length} units`;
  }

  signal.addEventListener("abort", () => cells.clear());
  return {
    element,
    /** Show a layer at a step; resolves to what the server tells of it. */
    async show(wanted, step, cancelled) {
      const found = await get(ofRun(name, `/layers/${wanted}?step=${step}`), cancelled);
      const bitmap = await picture(found.sheet, cancelled);
      last = { found, bitmap };
      if (wanted !== layer || resort) {
        if (wanted !== layer) {
          cells.clear();
          most = MOST;
        }
        layer = wanted;
        order = found.order;
      }
      draw();
      return found;
    },
    sortAnew(on) {
      resort = on;
      if (on && last) {
        order = last.found.order;
        draw();
      }
    },
  };
}
