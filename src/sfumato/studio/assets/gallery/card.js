// One run in the gallery.

import { runPage } from "../core/addresses.js";
import { h } from "../core/element.js";
import { withPrefix } from "../core/place.js";
import { ago, decibels, differing, duration, isLive, pictureName } from "../core/format.js";
import { stateText } from "../run/queue.js";

/** Create the card of a run; pick(on) is called when its checkbox changes. */
export function card(name, pick) {
  const image = h("img", { alt: "", loading: "lazy", decoding: "async" });
  const none = h("span", { class: "none" });
  const title = h("span", { class: "card-title" });
  const link = h("a", { class: "picture", href: runPage(name) }, image, none);
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
  let address = null; // of the painting

  let missing = false;

  // Hide a thumbnail that could not be loaded.
  image.addEventListener("error", () => (missing = image.hidden = true));
  image.addEventListener("load", () => (missing = image.hidden = false));

  return {
    element,
    mark(on) {
      box.checked = on;
      element.classList.toggle("picked", on);
    },
    /** Load a thumbnail again that failed while the studio did not respond. */
    again() {
      if (missing) before = address = "";
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
      psnr.textContent = Number.isFinite(run.psnr) ? decibels(run.psnr) : Number.isFinite(run.running_psnr) ? `running ${decibels(run.running_psnr)}` : "";
      none.textContent = run.thumbnail ? "" : isLive(run.state) ? "no painting yet" : "no painting";
      title.textContent = named;
      link.title = run.shown;
      link.setAttribute("aria-label", [none.textContent, named, stateText(run), psnr.textContent, `open ${run.shown}`].filter(Boolean).join(", "));
      box.setAttribute("aria-label", `Select ${run.shown}`);
      if (address !== run.thumbnail) missing = false;
      if (address !== run.thumbnail) run.thumbnail ? (image.src = withPrefix(run.thumbnail)) : image.removeAttribute("src");
      address = run.thumbnail;
      image.hidden = missing || !run.thumbnail;
      none.hidden = Boolean(run.thumbnail);
      recipe.replaceChildren(...described(run));
      foot.replaceChildren(
        run.state === "done" ? "" : h("span", { class: "state", data: { state: run.state } }, stateText(run)),
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
