// Histograms of every layer's weights and activations, small, one beside the other.

import { h, s } from "../core/element.js";

const [WIDE, HIGH] = [200, 56];

export function histograms() {
  const element = h("div", { class: "histograms" });
  return {
    element,
    show({ layers }) {
      element.replaceChildren(
        ...layers.map((layer, at) => {
          const name = at === layers.length - 1 ? "Output" : `Layer ${at + 1}`;
          return h("section", {}, h("h3", {}, name), bars(layer.weights, `${name}: weights`, "weights"), layer.activations && bars(layer.activations, `${name}: activations`, "activations"));
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
    // Roots, so that rare values are seen beside those at zero.
    const tall = HIGH * Math.sqrt(number / most);
    return s("rect", { x: at * each, y: HIGH - tall, width: Math.max(0.5, each - 0.5), height: tall });
  });
  const zero = edges[0] < 0 && edges.at(-1) > 0 ? (-edges[0] / (edges.at(-1) - edges[0])) * WIDE : null;
  if (zero !== null) rects.push(s("line", { x1: zero, x2: zero, y1: 0, y2: HIGH }));
  const picture = s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": `${label}, from ${short(edges[0])} to ${short(edges.at(-1))}` }, rects);
  return h("figure", {}, picture, h("figcaption", { class: "quietly figure" }, h("span", {}, short(edges[0])), h("span", {}, what), h("span", {}, short(edges.at(-1)))));
}

const short = (number) => (Math.abs(number) >= 100 ? number.toFixed(0) : Number(number.toPrecision(2)).toString());
