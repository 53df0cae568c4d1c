// Curves, drawn by Plotly in the colors of the page.

import { h } from "../core/element.js";
import { plotly } from "./plot_program.js";

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The color of curve number `at`. */
export const curveColor = (at) => color(`c${at % 8}`);

/** Escape a text for Plotly, which takes some tags in texts, links among them. */
export const markup = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/**
  * A chart that fills its box. draw({traces, x, y, log, now}) redraws it; press(x, point) is called when a curve is clicked.
  * traces: [{name, x, y, accent, at, faint, points, step}], or {raw}, a function that returns Plotly's own, whose texts are escaped, at every drawing.
  * xaxis and yaxis replace parts of Plotly's axes, hover its way to show values.
 */
export class Chart {
  constructor({ label, signal, press }) {
    this.box = h("div", { class: "plot" });
    this.element = h("figure", { class: "chart", role: "img", "aria-label": label }, this.box);
    this.press = press;
    const redraw = () => this.last && this.draw(this.last);
    document.addEventListener("theme", redraw, { signal });
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(redraw);
    });
    observer.observe(this.box);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      cancelAnimationFrame(this.frame);
      this.removed = true;
      if (window.Plotly && this.drawn) window.Plotly.purge(this.box);
    });
  }

  async draw(plot) {
    this.last = plot;
    const library = await plotly();
    if (this.removed || this.last !== plot || !this.box.clientWidth) return;
    await library.react(this.box, plot.traces.map((each) => (each.raw ? each.raw() : trace(each))), this.#layout(plot), { displayModeBar: false, responsive: false, doubleClick: "reset" });
    if (this.drawn) return;
    this.drawn = true;
    // Hide the element in which Plotly measures texts from screen readers.
    document.getElementById("js-plotly-tester")?.setAttribute("aria-hidden", "true");
    if (this.press) this.box.on("plotly_click", (event) => this.press(event.points[0].x, event.points[0]));
  }

  /** Move the marker line to x = now. */
  async mark(now) {
    if (!this.last || !this.drawn) return;
    this.last.now = now;
    (await plotly()).relayout(this.box, { shapes: markerLine(now) });
  }

  #layout({ traces, x, y, log, now, legend, xaxis, yaxis, hover = "x unified" }) {
    const [ink, quiet, line] = [color("ink"), color("quiet"), color("line")];
    const axis = { gridcolor: line, linecolor: line, zeroline: false, tickfont: { color: quiet }, fixedrange: false, automargin: true };
    return {
      width: this.box.clientWidth,
      height: this.box.clientHeight,
      margin: { l: 44, r: 12, t: 30, b: 40 },
      paper_bgcolor: "transparent",
      plot_bgcolor: "transparent",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: ink },
      title: { text: markup(y), font: { size: 13, color: quiet }, x: 0, xanchor: "left", xref: "paper", y: 1, yanchor: "top", yref: "container", pad: { t: 6 } },
      xaxis: { ...axis, title: { text: markup(x), font: { color: quiet, size: 12 }, standoff: 8 }, showgrid: false, showline: true, rangemode: "tozero", ...xaxis },
      yaxis: { ...axis, ...(log ? logarithmic(traces) : {}), ...yaxis },
      hovermode: hover,
      hoverlabel: { bgcolor: color("sheet"), bordercolor: line, font: { color: ink, size: 12 } },
      showlegend: Boolean(legend),
      legend: { orientation: "h", y: 1.08, yanchor: "bottom", x: 0, font: { color: quiet } },
      dragmode: "zoom",
      shapes: markerLine(now),
    };
  }
}

const markerLine = (now) =>
  Number.isFinite(now)
    ? [{ type: "line", x0: now, x1: now, y0: 0, y1: 1, yref: "paper", line: { color: color("accent"), width: 1, dash: "dot" } }]
    : [];

/** Ticks of a logarithmic axis, more of them per decade the fewer decades the curves cross. */
function logarithmic(traces) {
  const values = traces.flatMap((each) => each.y).filter((value) => value > 0);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const ticks = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade += 1)
    for (const digit of digits(high / low)) ticks.push(digit * 10 ** decade);
  return { type: "log", tickmode: "array", tickvals: ticks, ticktext: ticks.map((tick) => (tick >= 1e-4 && tick < 1e5 ? String(Number(tick.toPrecision(2))) : Number(tick.toPrecision(2)).toExponential())) };
}

/** Multiples of a power of ten that get ticks, by the ratio of the largest to the smallest value. */
function digits(ratio) {
  if (ratio > 300) return [1];
  return ratio > 10 ? [1, 2, 5] : ratio > 2 ? [1, 1.5, 2, 3, 4, 5, 6, 8] : Array.from({ length: 45 }, (_, at) => 1 + at / 5);
}

const trace = ({ name, x, y, accent, at = 0, faint, points, step }) => ({
  type: "scatter",
  mode: points ? "lines+markers" : "lines",
  name: markup(name),
  x,
  y,
  connectgaps: true,
  hovertemplate: "%{y:.4~g}",
  marker: { size: 6 },
  opacity: faint ? 0.55 : 1,
  line: { color: accent ? color("accent") : curveColor(at), width: faint ? 1.5 : 2, shape: step ? "hv" : "linear" },
});
