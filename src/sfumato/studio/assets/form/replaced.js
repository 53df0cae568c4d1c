// What became of a form when something else took its place: said, with a button that has it the other way.

import { h } from "../core/element.js";
import { differing, pictureName } from "../core/format.js";

const SOURCE = "picture.source";

/** {element, say(text, changes, press, other), clear()}; take(other) fills the form with what the button is for. */
export function replaced(take) {
  const element = h("p", { class: "replaced", role: "status" });
  return {
    element,
    say(text, changes, press, other) {
      const source = changes[SOURCE] ? [`picture ${pictureName(changes[SOURCE])}`] : [];
      const all = [...source, ...differing(changes).map(([name, value]) => `${name} ${value}`)];
      element.replaceChildren(`${text} ${all.join(", ") || "nothing of its own"}. `, h("button", { type: "button", onclick: () => take(other) }, press));
    },
    clear: () => element.replaceChildren(),
  };
}
