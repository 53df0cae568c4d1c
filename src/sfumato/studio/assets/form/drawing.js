// A drawing of a network: a column of units per layer, from the coordinates on the left to the color on the right.

import { h, s } from "../core/element.js";
import { count } from "../core/format.js";

const [WIDE, HIGH] = [640, 260];
const MAX_LAYERS = 12;
const MAX_UNITS = 9;

/** show({layers: [{inputs, units}], connections: {adds, joins, concatenates}, encoded, label}) redraws it in a box of fixed size. */
export function drawing() {
  const picture = s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": "The network" });
  const element = h("div", { class: "drawing" }, picture);
  return {
    element,
    show(description) {
      const columns = layout(description);
      picture.setAttribute("aria-label", `The network: ${columns.map((each) => each.name).join(", ")}`);
      picture.replaceChildren(...lines(columns), ...arcs(columns, description.connections), ...columns.flatMap(dots));
    },
  };
}

function layout({ layers }) {
  const first = layers[0]?.inputs ?? 2;
  const all = [{ units: 2, name: "input", end: true }];
  if (first !== 2) all.push({ units: first, name: "encoded" });
  layers.forEach((layer, number) => {
    const last = number === layers.length - 1;
    all.push({ units: layer.units, number, name: last ? "color" : count(layer.units), end: last });
  });
  const shown = all.length <= MAX_LAYERS ? all : [...all.slice(0, 6), { gap: all.length - 11, name: `${all.length - 11} more` }, ...all.slice(-5)];
  const largest = Math.max(...all.map((each) => each.units));
  return shown.map((each, at) => {
    const x = 48 + (at * (WIDE - 96)) / Math.max(1, shown.length - 1);
    if (each.gap) return { ...each, x, at: [] };
    const visible = Math.min(each.units, MAX_UNITS);
    // Heights are logarithmic, so that 30 and 3,000 units are both visible next to each other.
    const span = visible === 1 ? 0 : each.end ? (visible - 1) * 22 : 50 + 112 * (Math.log(1 + each.units) / Math.log(1 + Math.max(largest, 16)));
    const ys = Array.from({ length: visible }, (_, number) => HIGH / 2 - 14 + (visible === 1 ? 0 : (number / (visible - 1) - 0.5) * span));
    return { ...each, x, at: ys, more: each.units > visible };
  });
}

const colors = ["#d2483a", "#3d9a5b", "#3f73c9", "#8b8b8b"];

function dots(column) {
  const label = s("text", { x: column.x, y: HIGH - 8, "text-anchor": "middle" }, column.name);
  if (column.gap) return [s("text", { x: column.x, y: HIGH / 2 - 8, "text-anchor": "middle", class: "gap" }, "· · ·"), label];
  const middle = Math.floor(column.at.length / 2);
  const circles = column.at.map((y, at) => {
    if (column.more && at === middle) return s("text", { x: column.x, y: y + 4, "text-anchor": "middle", class: "gap" }, "⋮");
    const circle = s("circle", { cx: column.x, cy: y, r: column.end ? 6 : 4.5, class: column.end ? "end" : "" });
    if (column.name === "color" && column.at.length > 1) circle.setAttribute("fill", colors[at]);
    return circle;
  });
  return [...circles, label];
}

function lines(columns) {
  return columns.slice(1).flatMap((column, before) => {
    const from = columns[before];
    if (!from.at.length || !column.at.length) return [];
    const path = from.at.flatMap((y) => column.at.map((other) => `M${from.x} ${y}L${column.x} ${other}`)).join("");
    return [s("path", { d: path, class: "weights" })];
  });
}

/** Arcs of the connectivity: a layer's input added to its output or passed on, or the coordinates entering a layer. */
function arcs(columns, connections) {
  const of = (number) => columns.find((each) => each.number === number);
  const found = [];
  const arc = (from, to) => {
    if (!from || !to) return;
    const top = Math.min(...from.at, ...to.at) - 8;
    found.push(s("path", { d: `M${from.x} ${from.at[0] - 7}C${from.x} ${top - 26} ${to.x} ${top - 26} ${to.x} ${to.at[0] - 7}`, class: "arc" }));
  };
  for (const number of connections?.adds ?? []) arc(of(number - 1), of(number));
  const coordinates = columns.find((each) => each.name === "encoded") ?? columns[0];
  for (const number of connections?.concatenates ?? []) arc(number === 0 ? coordinates : of(number - 1), of(number + 1));
  if (Number.isInteger(connections?.joins)) arc(coordinates, of(connections.joins));
  return found;
}
