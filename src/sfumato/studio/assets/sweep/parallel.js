// Parallel coordinates: an axis for each parameter and objective, a line for each configuration. Dragging along an axis
// brushes it; the page has sliders for the same.

import { h } from "../core/element.js";
import { ALL } from "./brushes.js";
import { palette } from "./colors.js";
import { named, number, ticks } from "./data.js";

const [TOP, BOTTOM, SIDE] = [14, 40, 46]; // px around the axes
const NONE = 24; // px below an axis, where lines of configurations without this parameter pass
const HEIGHT = 340;
const LEAST = 104; // px between two axes, below which the chart scrolls
const CLICK = 4; // px of a drag that counts as a click
const DASHES = { finished: [], pruned: [6, 4], diverged: [1, 4], failed: [1, 4] };

export function parallel({ brushes, signal }) {
  const canvas = h("canvas", { role: "img" });
  const heads = h("div", { class: "axis-names", "aria-hidden": "true" });
  const strips = h("div", { class: "strips" });
  const inside = h("div", { class: "coordinates" }, heads, h("div", { class: "lines" }, canvas, strips));
  const element = h("div", { class: "scroll coordinates-box", tabindex: "0", role: "region", "aria-label": "Parallel coordinates" }, inside);
  let axes = [];
  let found = null;
  let passes = () => true;
  let marked = null;
  let width = 0;
  let shownAxes = "";

  const x = (place) => (axes.length > 1 ? SIDE + (place * (width - 2 * SIDE)) / (axes.length - 1) : width / 2);
  const y = (position) => (position === null ? HEIGHT - BOTTOM + NONE : TOP + (1 - position) * (HEIGHT - TOP - BOTTOM));

  function draw() {
    if (!found || signal.aborted) return;
    width = Math.max(element.clientWidth, LEAST * axes.length);
    if (!width) return;
    const ratio = devicePixelRatio || 1;
    inside.style.setProperty("width", `${width}px`);
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(HEIGHT * ratio) });
    layOut();
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const colors = palette();
    const inBrushes = found.rows.filter(passes);
    const chosen = new Set(inBrushes);
    // The best last, on top of the others.
    const rank = (row) => found.rank(row) ?? -1;
    inBrushes.sort((one, other) => rank(one) - rank(other));
    pen.lineWidth = 1;
    pen.globalAlpha = found.rows.length > 300 ? 0.35 : 0.7;
    for (const row of found.rows) if (!chosen.has(row)) line(pen, row, colors.line);
    // The more lines, the fainter all but the best.
    const [base, rise] = inBrushes.length > 800 ? [0.05, 0.45] : inBrushes.length > 200 ? [0.15, 0.6] : [0.4, 0.5];
    for (const row of inBrushes) {
      const part = found.rank(row);
      pen.globalAlpha = base + rise * (part ?? 0.3) ** 3;
      pen.lineWidth = part === null ? 1 : 1 + 0.75 * part;
      line(pen, row, colors.of(row, part));
    }
    pen.globalAlpha = 1;
    const one = found.rows.find((row) => row.number === marked);
    if (one) {
      pen.lineWidth = 6;
      line(pen, one, colors.paper);
      pen.lineWidth = 3;
      line(pen, one, colors.ink);
    }
    axes.forEach((axis, place) => drawAxis(pen, axis, x(place), colors));
  }

  function line(pen, row, color) {
    pen.strokeStyle = color;
    pen.setLineDash(DASHES[row.state]);
    pen.beginPath();
    axes.forEach((axis, place) => {
      const to = [x(place), y(axis.position(row.at))];
      place ? pen.lineTo(...to) : pen.moveTo(...to);
    });
    pen.stroke();
    pen.setLineDash([]);
  }

  function drawAxis(pen, axis, at, colors) {
    pen.lineWidth = 1;
    pen.strokeStyle = colors.edge;
    pen.beginPath();
    pen.moveTo(at, y(1));
    pen.lineTo(at, y(0));
    pen.stroke();
    const interval = brushes.of(axis);
    if (interval !== ALL) {
      pen.fillStyle = colors.wash;
      pen.strokeStyle = colors.accent;
      pen.lineWidth = 2;
      const box = [at - 9, y(interval[1]), 18, Math.max(y(interval[0]) - y(interval[1]), 2)];
      pen.fillRect(...box);
      pen.strokeRect(...box);
    }
    pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    pen.textBaseline = "middle";
    const last = axis === axes.at(-1);
    pen.textAlign = last ? "right" : "left";
    const texts = axis.choices ? named(axis).map(([name, category]) => [name, axis.place(category)]) : ticks(axis).map((tick) => [number(tick), axis.place(tick)]);
    if (axis.values.includes(null) && !axis.isResult) texts.push(["not set", null]);
    const room = axes.length > 1 ? x(1) - x(0) - 14 : width;
    for (const [text, position] of texts) {
      const where = [at + (last ? -6 : 6), y(position)];
      const fitting = fitted(pen, text, last ? SIDE + room : room);
      pen.strokeStyle = colors.paper;
      pen.lineWidth = 4;
      pen.lineJoin = "round";
      pen.strokeText(fitting, ...where);
      pen.fillStyle = position === null ? colors.quiet : colors.ink;
      pen.fillText(fitting, ...where);
    }
  }

  /** Place names and strips, which stay the same elements as long as the axes are the same. */
  function layOut() {
    const now = axes.map((axis) => axis.name).join("\n");
    if (now !== shownAxes) {
      shownAxes = now;
      heads.replaceChildren(...axes.map((axis) => h("span", { title: axis.name, class: axis.isResult ? "result" : "" }, axis.title.replaceAll(".", ".\u200b"))));
      strips.replaceChildren(...axes.map((axis) => strip(axis.name)));
    }
    const gap = axes.length > 1 ? x(1) - x(0) : width;
    axes.forEach((_, place) => {
      const [head, bar] = [heads.children[place], strips.children[place]];
      const ends = [place ? x(place) - 0.42 * gap : 0, place < axes.length - 1 ? x(place) + 0.42 * gap : width];
      head.style.setProperty("left", `${ends[0]}px`);
      head.style.setProperty("width", `${ends[1] - ends[0]}px`);
      head.style.setProperty("text-align", place === 0 ? "left" : place === axes.length - 1 ? "right" : "center");
      bar.style.setProperty("left", `${x(place) - 16}px`);
    });
  }

  function strip(name) {
    const element = h("div", { class: "strip", data: { axis: name } });
    element.style.setProperty("height", `${HEIGHT - BOTTOM + 8}px`);
    let from = null;
    const axis = () => axes.find((each) => each.name === name);
    const position = (event) => Math.min(1, Math.max(0, 1 - (event.clientY - canvas.getBoundingClientRect().top - TOP) / (HEIGHT - TOP - BOTTOM)));
    element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      element.setPointerCapture(event.pointerId);
      from = { position: position(event), y: event.clientY };
    });
    element.addEventListener("pointermove", (event) => {
      if (!from || Math.abs(event.clientY - from.y) < CLICK) return;
      const to = position(event);
      brushes.set(axis(), [Math.min(from.position, to), Math.max(from.position, to)]);
    });
    const end = (event) => {
      if (from && Math.abs(event.clientY - from.y) < CLICK) brushes.set(axis(), ALL);
      from = null;
    };
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", () => (from = null));
    return element;
  }

  let frame = 0;
  const soon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
  };
  document.addEventListener("theme", soon, { signal });
  const observer = new ResizeObserver(soon);
  observer.observe(element);
  signal.addEventListener("abort", () => (observer.disconnect(), cancelAnimationFrame(frame)));

  return {
    element,
    show(configurations, shown, test) {
      found = configurations;
      axes = shown;
      passes = test;
      const kept = found.rows.filter(test).length;
      canvas.setAttribute("aria-label", `${kept} of ${found.rows.length} configurations as lines over ${axes.map((axis) => axis.title).join(", ")}; the table below has the same numbers`);
      soon();
    },
    /** Draw one configuration over the others; null for none. */
    mark(one) {
      marked = one;
      soon();
    },
  };
}

/** Shorten a text to so many px. */
function fitted(pen, text, room) {
  if (pen.measureText(text).width <= room) return text;
  let end = text.length;
  while (end > 1 && pen.measureText(`${text.slice(0, end)}…`).width > room) end -= 1;
  return `${text.slice(0, end)}…`;
}
