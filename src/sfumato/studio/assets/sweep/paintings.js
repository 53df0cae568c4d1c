// The best configurations as small paintings, with what they scored, the form that paints one again, and the command.

import { formPage } from "../core/addresses.js";
import { get, isAbort } from "../core/api.js";
import { copyable, h } from "../core/element.js";
import { withPrefix } from "../core/place.js";
import { UNITS } from "./data.js";

const MOST = 12;

/** mark(number) is called for the one under the pointer or with the focus, null for none; fail(error) on an error. */
export function paintings({ name, signal, mark, fail }) {
  const list = h("ol", { class: "cards", "aria-label": "Best configurations" });
  const title = h("h2", {}, "Best paintings");
  const none = h("p", { class: "quietly" });
  const element = h("section", { class: "part" }, h("header", {}, title), none, list);
  const known = new Map(); // by number, what a configuration consists of; that of a finished one never changes
  const cards = new Map();
  let wanted = [];
  let failed = false; // whether the last request for them did

  function card(number) {
    const image = h("img", { alt: "", decoding: "async", hidden: true });
    const missing = h("span", { class: "none" }, "no painting");
    image.addEventListener("load", () => ((image.hidden = false), (missing.hidden = true)));
    image.addEventListener("error", () => ((image.hidden = true), (missing.hidden = false)));
    const head = h("div", { class: "card-head figure" });
    const recipe = h("p", { class: "recipe" });
    const tools = h("div", { class: "texts" });
    const element = h("li", { class: "card", data: { number }, onpointerenter: () => mark(number), onpointerleave: () => mark(null), onfocusin: () => mark(number), onfocusout: () => mark(null) }, h("div", { class: "picture" }, image, missing), head, recipe, tools);
    let filled = false;
    return {
      element,
      show(row, place, { objectives, parameters }) {
        const [first, ...others] = objectives;
        const unit = first?.name === "psnr" ? " dB" : "";
        head.replaceChildren(h("span", { class: "card-title" }, `${place}. trial ${number}`), h("span", { class: "psnr" }, first ? `${first.text(row.at)}${unit}` : "–"));
        const pairs = [...others, ...parameters].map((axis) => [axis.title, axis.text(row.at)]).filter(([, text]) => text);
        recipe.replaceChildren(...pairs.flatMap(([key, text]) => [h("span", {}, h("span", { class: "quietly" }, key), ` ${text}`), " "]));
        recipe.title = pairs.map(([key, text]) => `${key} ${text}`).join(", ");
        image.alt = `Painting of trial ${number}`;
      },
      fill() {
        const about = known.get(number);
        if (!about || filled) return;
        filled = true;
        if (about.painting) image.src = withPrefix(about.painting);
        tools.replaceChildren(
          ...(about.again ? [h("a", { href: formPage(about.again) }, "Open in the form", h("span", { class: "unseen" }, ` trial ${number}`))] : []),
          ...(about.command ? [h("details", {}, h("summary", {}, "Command"), copyable(about.command, `the command of trial ${number}`))] : []),
        );
      },
    };
  }

  async function load() {
    const numbers = wanted.filter((number) => !known.has(number));
    if (!numbers.length) return;
    try {
      const found = await get(`/api/sweeps/${encodeURIComponent(name)}/configurations?numbers=${numbers.join(",")}`, signal);
      for (const each of found) known.set(each.number, each);
      for (const number of wanted) cards.get(number)?.fill();
      failed = false;
      fail(null);
    } catch (error) {
      failed = !isAbort(error);
      if (failed) fail(error);
    }
  }

  return {
    element,
    /** Load again what could not be loaded. */
    retry() {
      if (failed) load();
    },
    show(found, passes) {
      const several = found.objectives.length > 1;
      const all = several ? found.order.filter((row) => found.front.has(row.number)) : found.order;
      const best = distinct(all.filter(passes), found.parameters).slice(0, MOST);
      title.textContent = several ? "Not beaten in all objectives" : "Best paintings";
      none.textContent = best.length ? "" : all.length ? "No finished configuration is inside of the brushes." : "No configuration with a known score has finished.";
      none.hidden = Boolean(best.length);
      list.setAttribute("aria-label", several ? "Configurations that none beats in all objectives" : `Best configurations by ${UNITS[found.objectives[0]?.name] ?? "score"}`);
      wanted = best.map((row) => row.number);
      for (const [number, each] of cards) {
        if (wanted.includes(number)) continue;
        each.element.remove();
        cards.delete(number);
      }
      best.forEach((row, place) => {
        if (!cards.has(row.number)) cards.set(row.number, card(row.number));
        const each = cards.get(row.number);
        each.show(row, place + 1, found);
        each.fill();
        if (list.children[place] !== each.element) list.insertBefore(each.element, list.children[place] ?? null);
      });
      load();
    },
  };
}

/** Each recipe once: a sweep may draw the same parameters again. */
function distinct(rows, parameters) {
  const seen = new Set();
  return rows.filter((row) => {
    const key = parameters.map((axis) => axis.values[row.at]).join();
    return !seen.has(key) && seen.add(key);
  });
}
