// The arms of a race: recipes from the form, to be started together.

import { h } from "../core/element.js";
import { differing, pictureName } from "../core/format.js";

const MAX_ARMS = 8;

/** now() returns the form's recipe; open(arm) shows an arm in the form; start(all) starts the race, one of `actions`. */
export function arms({ now, open, changed, start, actions }) {
  const list = h("ol", {});
  const go = actions.button("Start the race", () => start(all), { busy: "Starting" });
  const hint = h("p", { class: "help" }, "A race trains its arms side by side. Change the form and add another.");
  const element = h("section", { class: "arms", hidden: true }, h("h2", {}, "Race"), list, hint, h("div", { class: "row" }, go));
  const add = h("button", { type: "button", onclick: () => (all.push(now()), draw(), changed()) }, "Add as an arm");
  let all = [];

  function draw() {
    element.hidden = !all.length;
    add.disabled = all.length >= MAX_ARMS;
    go.block(all.length < 2);
    go.classList.toggle("main", all.length >= 2);
    list.replaceChildren(
      ...all.map((arm, at) =>
        h(
          "li",
          {},
          h("button", { type: "button", class: "quiet words", title: "Put back into the form", onclick: () => open(arm) }, named(arm)),
          h("button", { type: "button", class: "quiet", "aria-label": `Remove arm ${at + 1}`, onclick: () => (all.splice(at, 1), draw(), changed()) }, "×"),
        ),
      ),
    );
  }

  return {
    element,
    add,
    get all() {
      return all;
    },
    take(given) {
      all = given.slice(0, MAX_ARMS);
      draw();
    },
  };
}

function named({ preset, changes }) {
  const source = changes["picture.source"];
  return [source ? pictureName(source) : null, preset, ...differing(changes).map(([name, text]) => `${name} ${text}`)].filter(Boolean).join(" · ");
}
