// Curves, drawn by Plotly in the page's own colors.

import { h } from "../core/element.js";
import { plotly } from "./plot_program.js";

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The color of the nth curve of several. */
export const curveColor = (at) => color(`c${at % 8}`);

/**
 * A chart that fills its box: draw({traces, x, y, log, now}) again and again; press(place) when its ground is clicked.
 * traces: [{name, x, y, accent, at, dash, width}]
 */
export class Chart {
  constructor({ label, signal, press }) {
    this.box = h("div", { class: "plot" });
    this.element = h("figure", { class: "chart", role: "img", "aria-label": label }, this.box);
    this.press = press;
    const again = () => this.last && this.draw(this.last);
    document.addEventListener("theme", again, { signal });
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(this.asked);
      this.asked = requestAnimationFrame(again);
    });
    observer.observe(this.box);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      cancelAnimationFrame(this.asked);
      this.gone = true;
      if (window.Plotly && this.drawn) window.Plotly.purge(this.box);
    });
  }

  async draw(what) {
    this.last = what;
    const program = await plotly();
    if (this.gone || this.last !== what || !this.box.clientWidth) return;
    await program.react(this.box, what.traces.map(trace), this.#layout(what), { displayModeBar: false, responsive: false, doubleClick: "reset" });
    if (this.drawn) return;
    this.drawn = true;
    // What the program measures its texts with is no picture.
    document.getElementById("js-plotly-tester")?.setAttribute("aria-hidden", "true");
    if (this.press) this.box.on("plotly_click", (event) => this.press(event.points[0].x));
  }

  /** Move the line that marks a place. */
  async mark(now) {
    if (!this.last || !this.drawn) return;
    this.last.now = now;
    (await plotly()).relayout(this.box, { shapes: marked(now) });
  }

  #layout({ traces, x, y, log, now, legend }) {
    const [ink, quiet, line] = [color("ink"), color("quiet"), color("line")];
    const axis = { gridcolor: line, linecolor: line, zeroline: false, tickfont: { color: quiet }, fixedrange: false, automargin: true };
    return {
      width: this.box.clientWidth,
      height: this.box.clientHeight,
      margin: { l: 44, r: 12, t: 30, b: 40 },
      paper_bgcolor: "transparent",
      plot_bgcolor: "transparent",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: ink },
      title: { text: y, font: { size: 13, color: quiet }, x: 0, xanchor: "left", xref: "paper", y: 1, yanchor: "top", yref: "container", pad: { t: 6 } },
      xaxis: { ...axis, title: { text: x, font: { color: quiet, size: 12 }, standoff: 8 }, showgrid: false, showline: true, rangemode: "tozero" },
      yaxis: { ...axis, ...(log ? logarithmic(traces) : {}) },
      hovermode: "x unified",
      hoverlabel: { bgcolor: color("sheet"), bordercolor: line, font: { color: ink, size: 12 } },
      showlegend: Boolean(legend),
      legend: { orientation: "h", y: 1.08, yanchor: "bottom", x: 0, font: { color: quiet } },
      dragmode: "zoom",
      shapes: marked(now),
    };
  }
}

const marked = (now) =>
  Number.isFinite(now)
    ? [{ type: "line", x0: now, x1: now, y0: 0, y1: 1, yref: "paper", line: { color: color("accent"), width: 1, dash: "dot" } }]
    : [];

/** Ticks at 1, 2 and 5 of every decade that the curves cross, or as many more or fewer as show how far they go. */
function logarithmic(traces) {
  const values = traces.flatMap((each) => each.y).filter((value) => value > 0);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const ticks = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade += 1)
    for (const digit of digits(high / low)) ticks.push(digit * 10 ** decade);
  return { type: "log", tickmode: "array", tickvals: ticks, ticktext: ticks.map((tick) => (tick >= 1e-4 && tick < 1e5 ? String(Number(tick.toPrecision(2))) : Number(tick.toPrecision(2)).toExponential())) };
}

/** Of a decade, by how many times the largest value is the smallest. */
function digits(ratio) {
  if (ratio > 300) return [1];
  return ratio > 10 ? [1, 2, 5] : ratio > 2 ? [1, 1.5, 2, 3, 4, 5, 6, 8] : Array.from({ length: 45 }, (_, at) => 1 + at / 5);
}

const trace = ({ name, x, y, accent, at = 0, faint, points }) => ({
  type: "scatter",
  mode: points ? "lines+markers" : "lines",
  name,
  x,
  y,
  connectgaps: true,
  hovertemplate: "%{y:.4~g}",
  marker: { size: 6 },
  opacity: faint ? 0.55 : 1,
  line: { color: accent ? color("accent") : curveColor(at), width: faint ? 1.5 : 2 },
});
