// What went wrong, each line from its own source: it stays until it is dismissed, or its own source has better news.

import { h } from "./element.js";

/** {element, say(source, text)}: "" takes the source's line away. */
export function messages() {
  const element = h("div", { class: "messages" });
  const lines = new Map();

  function say(source, text) {
    const before = lines.get(source);
    // The same once more, which may have been dismissed.
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

/** The button that takes a line away. */
const dismissal = (dismiss) => h("button", { type: "button", class: "quiet dismiss", onclick: dismiss }, "Dismiss");
