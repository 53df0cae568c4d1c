// The keyboard: every page says which keys it has and what they do, and ? lists them.

import { h } from "./element.js";

const bound = new Set();

/**
 * Bind keys for as long as `signal` is not aborted.
 * list: [{keys: ["ArrowLeft"], shown: "←", says: "Previous frame", run(event)}]; modifiers are left to the browser.
 */
export function keys(signal, list) {
  for (const entry of list) bound.add(entry);
  signal?.addEventListener("abort", () => list.forEach((entry) => bound.delete(entry)));
}

export function listed() {
  if (document.querySelector("dialog[open]")) return;
  const box = h(
    "dialog",
    { "aria-labelledby": "keys-title" },
    h("h2", { id: "keys-title" }, "Keys"),
    h(
      "dl",
      {},
      [...bound].filter((entry) => entry.says).map((entry) => [
        h("dt", {}, entry.shown.split(" ").flatMap((key) => [h("kbd", {}, key), " "])),
        h("dd", {}, entry.says),
      ]),
    ),
    h("div", { class: "row" }, h("button", { type: "button", onclick: () => box.close() }, "Close")),
  );
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]") || types(event.target, event.key)) return;
  for (const entry of [...bound].reverse()) {
    if (!entry.keys.includes(event.key)) continue;
    event.preventDefault();
    entry.run(event);
    return;
  }
});

/** Whether the element itself wants the key: a text its letters, a button its space. */
function types(target, key) {
  if (!(target instanceof Element)) return false;
  if (target.matches('input[type="range"]')) return false;
  if (target.matches("textarea, select, input:not([type=checkbox]):not([type=radio]):not([type=file])")) return key !== "Escape";
  // A radio button that is chosen already has no use for a space.
  if (target.matches("input[type=radio]:checked") && key === " ") return false;
  if (target.matches("input")) return key === " " || key.startsWith("Arrow");
  return (key === " " || key === "Enter") && target.matches("button, a, summary, [role=button]");
}
