// Error messages, one line per source: a line stays until it is dismissed, or its source replaces or clears it.

import { h } from "./element.js";

/** Return {element, say(source, text)}; an empty text removes the source's line. */
export function messages() {
  const element = h("div", { class: "messages" });
  const lines = new Map();

  function say(source, text) {
    const before = lines.get(source);
    // The same message again, which may have been dismissed.
    if (before?.text === text) return;
    before?.line.remove();
    lines.delete(source);
    if (!text) return;
    const line = h("p", { class: "problem", role: "alert" }, h("span", {}, text), dismissal(() => line.remove()));
    lines.set(source, { line, text });
    element.append(line);
  }

  return { element, say };
}

/** The button that removes a line. */
const dismissal = (dismiss) => h("button", { type: "button", class: "quiet dismiss", onclick: dismiss }, "Dismiss");
