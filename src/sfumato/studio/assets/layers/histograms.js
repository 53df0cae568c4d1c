// Small histograms of every layer's weights and activations.

import { h, s } from "../core/element.js";

const [WIDE, HIGH] = [200, 56];

/** Histograms of `count` layers, the output layer last; their space is reserved until they are loaded. */
export function histograms(count) {
  const nameOf = (at) => (at === count - 1 ? "Output" : `Layer ${at + 1}`);
  const named = (at, ...figures) => h("section", {}, h("h3", {}, nameOf(at)), figures);
  const room = () => h("figure", {}, s("svg", { "aria-hidden": "true" }), h("figcaption", { class: "quietly" }, "…"));
  const element = h("div", { class: "histograms" }, Array.from({ length: count }, (_, at) => named(at, room(), at < count - 1 && room())));
  return {
    element,
    show({ layers }) {
      element.replaceChildren(
        ...layers.map((layer, at) => {
          const name = nameOf(at);
          return named(at, bars(layer.weights, `${name}: weights`, "weights"), layer.activations && bars(layer.activations, `${name}: activations`, "activations"));
        }),
      );
    },
  };
}

function bars(given, label, what) {
  if (!given?.counts?.length) return h("figure", {}, h("figcaption", { class: "quietly" }, `${what}: none`));
  const { edges, counts } = given;
  const most = Math.max(...counts, 1);
  const each = WIDE / counts.length;
  const rects = counts.map((number, at) => {
    // Square roots, so that rare values are visible next to the peak at zero.
    const tall = HIGH * Math.sqrt(number / most);
    return s("rect", { x: at * each, y: HIGH - tall, width: Math.max(0.5, each - 0.5), height: tall });
  });
  const zero = edges[0] < 0 && edges.at(-1) > 0 ? (-edges[0] / (edges.at(-1) - edges[0])) * WIDE : null;
  if (zero !== null) rects.push(s("line", { x1: zero, x2: zero, y1: 0, y2: HIGH }));
  const picture = s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": `${label}, from ${short(edges[0])} to ${short(edges.at(-1))}` }, rects);
  return h("figure", {}, picture, h("figcaption", { class: "quietly figure" }, h("span", {}, short(edges[0])), h("span", {}, what), h("span", {}, short(edges.at(-1)))));
}

const short = (number) => (Math.abs(number) >= 100 ? number.toFixed(0) : Number(number.toPrecision(2)).toString());
