// Keyboard shortcuts: every page registers its own, and ? lists them.

import { h } from "./element.js";

const bound = new Set();

/**
 * Bind keys for as long as `signal` is not aborted.
 * list: [{keys: ["ArrowLeft"], label: "←", help: "Previous frame", run(event)}]; modifiers are left to the browser.
 */
export function keys(signal, list) {
  for (const entry of list) bound.add(entry);
  signal?.addEventListener("abort", () => list.forEach((entry) => bound.delete(entry)));
}

export function listKeys() {
  if (document.querySelector("dialog[open]")) return;
  const box = h(
    "dialog",
    { "aria-labelledby": "keys-title" },
    h("h2", { id: "keys-title" }, "Keyboard shortcuts"),
    h(
      "dl",
      {},
      [...bound].filter((entry) => entry.help).map((entry) => [
        h("dt", {}, entry.label.split(" ").flatMap((key) => [h("kbd", {}, key), " "])),
        h("dd", {}, entry.help),
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
  if (document.querySelector("dialog[open]") || usesKey(event.target, event.key)) return;
  for (const entry of [...bound].reverse()) {
    if (!entry.keys.includes(event.key)) continue;
    event.preventDefault();
    entry.run(event);
    return;
  }
});

/** Whether the element itself handles the key: a text field letters, a button the space bar. */
function usesKey(target, key) {
  if (!(target instanceof Element)) return false;
  if (target.matches('input[type="range"]')) return false;
  if (target.matches("textarea, select, input:not([type=checkbox]):not([type=radio]):not([type=file])")) return key !== "Escape";
  // The space bar does nothing on a radio button that is selected already.
  if (target.matches("input[type=radio]:checked") && key === " ") return false;
  if (target.matches("input")) return key === " " || key.startsWith("Arrow");
  return (key === " " || key === "Enter") && target.matches("button, a, summary, [role=button]");
}
