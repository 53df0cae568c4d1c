// A line about changes of the form that were replaced, with a button that restores them.

import { h } from "../core/element.js";
import { differing, pictureName } from "../core/format.js";

const SOURCE = "picture.source";

/** Return {element, say(text, changes, press, other), clear()}; the button calls take(other), which fills the form. */
export function replaced(take) {
  const element = h("p", { class: "replaced", role: "status" });
  return {
    element,
    say(text, changes, press, other) {
      const source = changes[SOURCE] ? [`picture ${pictureName(changes[SOURCE])}`] : [];
      const all = [...source, ...differing(changes).map(([name, value]) => `${name} ${value}`)];
      element.replaceChildren(`${text} ${all.join(", ") || "no changes"}. `, h("button", { type: "button", onclick: () => take(other) }, press));
    },
    clear: () => element.replaceChildren(),
  };
}
