// Any parameter or result against any other: one mark for each configuration, by state, and the front of several objectives.

import { Chart, markup } from "../charts/chart.js";
import { h } from "../core/element.js";
import { palette } from "./colors.js";
import { named, number, round } from "./data.js";

const KINDS = [
  ["finished", "circle"],
  ["pruned", "triangle-down-open"],
  ["diverged", "x-thin-open"],
  ["failed", "cross-thin-open"],
];
const JITTER = 0.12; // of the distance between two categories, so that marks do not cover each other
const FAINT = 0.12;

/** press(number) is called when a mark is pressed, fail(error) when Plotly could not be loaded. */
export function scatter({ signal, press, fail }) {
  const chart = new Chart({ label: "Configurations, one value against another", signal, press: (_, point) => press(point.customdata) });
  const chosen = { x: null, y: null };
  const selects = { x: h("select", { onchange: () => pick("x") }), y: h("select", { onchange: () => pick("y") }) };
  const side = (word, axis) => h("label", { class: "side-of" }, h("span", { class: "quietly" }, word), selects[axis]);
  const element = h(
    "section",
    { class: "part" },
    h("header", {}, h("h2", {}, "One against another"), h("div", { class: "row" }, side("Horizontal", "x"), side("Vertical", "y"))),
    chart.element,
  );
  let last = null;
  let names = "";

  function pick(side) {
    chosen[side] = selects[side].value;
    draw();
  }

  function draw() {
    const { found, axes, passes } = last;
    const [across, up] = [chosen.x, chosen.y].map((name) => axes.find((axis) => axis.name === name));
    chart.element.setAttribute("aria-label", `${up.label} against ${across.label}, ${found.rows.length} configurations; the table below has the same numbers`);
    const traces = KINDS.map(([state, symbol]) => [found.rows.filter((row) => row.state === state), state, symbol])
      .filter(([rows]) => rows.length)
      .map(([rows, state, symbol]) => ({ raw: () => marks(rows, state, symbol) }));
    const front = found.order.filter((row) => found.front.has(row.number));
    if (front.length) traces.push({ raw: () => frontMarks(front) });
    chart
      .draw({ x: across.label, y: up.label, traces, legend: true, hover: "closest", xaxis: layout(across), yaxis: layout(up) })
      .catch(fail);

    function marks(rows, state, symbol) {
      const colors = palette();
      const color = rows.map((row) => colors.of(row, found.rank(row)));
      return {
        ...points(rows),
        mode: "markers",
        name: state,
        marker: { symbol, size: 8, color, line: { width: state === "finished" ? 0 : 1.5, color }, opacity: rows.map((row) => (passes(row) ? 0.85 : FAINT)) },
      };
    }

    function frontMarks(rows) {
      const { ink } = palette();
      return { ...points(rows), mode: "markers", name: "not beaten in all objectives", marker: { symbol: "diamond-open", size: 13, color: ink, line: { width: 1.5, color: ink } } };
    }

    function points(rows) {
      return {
        type: "scatter",
        x: rows.map((row) => value(across, row)),
        y: rows.map((row) => value(up, row)),
        customdata: rows.map((row) => row.number),
        text: rows.map((row) => `${row.number}: ${row.state}<br>${escaped(across)} ${text(across, row)}<br>${escaped(up)} ${text(up, row)}`),
        hovertemplate: "%{text}<extra></extra>",
      };
    }
  }

  return {
    element,
    show(found, axes, passes) {
      // Configurations may have neither parameters nor results.
      element.hidden = !axes.length;
      if (!axes.length) return;
      last = { found, axes, passes };
      const now = axes.map((axis) => axis.name).join("\n");
      if (now !== names) {
        names = now;
        for (const side of ["x", "y"]) {
          if (!axes.some((axis) => axis.name === chosen[side])) chosen[side] = (side === "x" ? axes[0] : (found.objectives[0] ?? axes.at(-1))).name;
          selects[side].replaceChildren(...axes.map((axis) => h("option", { value: axis.name }, axis.title)));
          selects[side].value = chosen[side];
        }
      }
      draw();
    },
  };
}

/** A value on an axis: what diverged has no result, and stands at the worse end. */
function value(axis, row) {
  const found = axis.values[row.at];
  if (axis.choices) return found === null ? -1 : found + JITTER * (((row.number * 0.618034) % 1) * 2 - 1);
  if (found !== null) return found;
  if (row.state === "finished" || row.state === "pruned" || !axis.isResult) return null;
  const side = axis.worse === "high" ? 1 : -1;
  return axis.log ? axis[axis.worse] * 1.2 ** side : axis[axis.worse] + side * 0.06 * (axis.high - axis.low || 1);
}

const text = (axis, row) => markup(axis.text(row.at) || "–");
const escaped = (axis) => markup(axis.title);

function layout(axis) {
  if (!axis.choices && axis.log && axis.high > axis.low) {
    const tickvals = round(axis);
    return { type: "log", rangemode: "normal", tickmode: "array", tickvals, ticktext: tickvals.map(number) };
  }
  if (!axis.choices) return { type: "linear", rangemode: "normal", autorange: true };
  const missing = axis.values.includes(null) ? [["not set", -1]] : [];
  const all = [...missing, ...named(axis)];
  return {
    type: "linear",
    tickmode: "array",
    tickvals: all.map(([, place]) => place),
    ticktext: all.map(([name]) => markup(name.length > 24 ? `${name.slice(0, 23)}…` : name)),
    range: [all[0][1] - 0.5, axis.names.length - 0.5],
  };
}
