// One run in the gallery.

import { h } from "../core/element.js";
import { placed } from "../core/place.js";
import { STATES, ago, decibels, differing, duration, isLive, pictureName } from "../core/words.js";

/** A card of the run called `name`; `pick(on)` when its box is ticked. */
export function card(name, pick) {
  const image = h("img", { alt: "", loading: "lazy", decoding: "async" });
  const none = h("span", { class: "none" });
  const title = h("span", { class: "card-title" });
  const link = h("a", { class: "picture", href: `/runs/${encodeURIComponent(name)}` }, image, none);
  const box = h("input", { type: "checkbox", onchange: () => pick(box.checked) });
  const psnr = h("span", { class: "figure psnr" });
  const recipe = h("p", { class: "recipe" });
  const foot = h("p", { class: "quietly figure foot" });
  const element = h(
    "li",
    { class: "card", data: { name } },
    link,
    h("label", { class: "pick" }, box),
    h("div", { class: "card-head" }, title, psnr),
    recipe,
    foot,
  );
  let before = "";

  return {
    element,
    mark(on) {
      box.checked = on;
      element.classList.toggle("picked", on);
    },
    show(run, on) {
      this.mark(on);
      const now = JSON.stringify(run);
      if (now === before) {
        if (run.started && foot.lastChild) foot.lastChild.textContent = ago(run.started);
        return;
      }
      before = now;
      const named = pictureName(run.picture);
      title.textContent = named;
      link.title = run.name;
      link.setAttribute("aria-label", `${named}, ${STATES[run.state] ?? run.state}, ${decibels(run.psnr)}: open ${run.name}`);
      box.setAttribute("aria-label", `Select ${run.name}`);
      psnr.textContent = Number.isFinite(run.psnr) ? decibels(run.psnr) : "";
      if (run.thumbnail) {
        if (image.getAttribute("src") !== placed(run.thumbnail)) image.src = placed(run.thumbnail);
      } else image.removeAttribute("src");
      image.hidden = !run.thumbnail;
      none.hidden = !image.hidden;
      none.textContent = isLive(run.state) ? "no painting yet" : "no painting";
      recipe.replaceChildren(...described(run));
      foot.replaceChildren(
        run.state === "done" ? "" : h("span", { class: "state", data: { state: run.state } }, STATES[run.state] ?? run.state),
        Number.isFinite(run.seconds) ? h("span", {}, duration(run.seconds)) : "",
        h("span", {}, ago(run.started)),
      );
    },
  };
}

function described(run) {
  if (run.problem) return [h("span", { class: "problem" }, run.problem)];
  const pairs = differing(run.differences);
  if (!pairs.length) return [h("span", { class: "quietly" }, "the default recipe")];
  return pairs.flatMap(([name, text]) => [h("span", {}, h("span", { class: "quietly" }, name), ` ${text}`), " "]);
}
