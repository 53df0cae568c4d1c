// DOM elements, created in one expression. Styles are set through the CSSOM and texts as text nodes: the content
// policy allows no inline style, and no name of a run can become markup.

import { withPrefix } from "./place.js";

const SVG = "http://www.w3.org/2000/svg";

/** Create an HTML element: h("button", {class: "main", onclick: press}, "Start"). */
export const h = (tag, properties, ...children) => filled(document.createElement(tag), properties, children);

/** Create an SVG element. */
export const s = (tag, properties, ...children) => filled(document.createElementNS(SVG, tag), properties, children);

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (["value", "checked", "disabled", "hidden", "indeterminate"].includes(name)) element[name] = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, name === "href" || name === "src" ? withPrefix(value) : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Create a row of radio buttons; choose(value) is called when one is selected. */
export function radioGroup(label, options, chosen, choose) {
  const name = `few-${Math.random().toString(36).slice(2)}`;
  const inputs = options.map(([value]) =>
    h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => choose(value) }),
  );
  const element = h(
    "fieldset",
    { class: "few" },
    h("legend", { class: "unseen" }, label),
    options.map(([, text], at) => h("label", {}, inputs[at], h("span", {}, text))),
  );
  element.set = (value) => inputs.forEach((input) => (input.checked = input.value === value));
  return element;
}

/** Create a box of text with a button that copies it. */
export function copyable(text, what) {
  const button = h("button", { type: "button" });
  // Screen readers hear what is copied, as they do not show what stands beside the button.
  const say = (text) => button.replaceChildren(text, h("span", { class: "unseen" }, ` ${what}`));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
    } catch {
      // Without access to the clipboard the text is selected instead, for Ctrl-C.
      getSelection().selectAllChildren(box.firstChild);
      say("Press Ctrl-C");
    }
    setTimeout(() => say("Copy"), 1800);
  });
  say("Copy");
  const box = h("div", { class: "copy" }, h("pre", { tabindex: "0" }, text), button);
  return box;
}

/** Ask for confirmation of what cannot be undone; resolves to true if the button is pressed. */
export function confirmDialog(title, text, press) {
  return new Promise((resolve) => {
    const box = h(
      "dialog",
      { "aria-labelledby": "asked" },
      h("h2", { id: "asked" }, title),
      h("p", {}, text),
      h(
        "div",
        { class: "row" },
        h("button", { type: "button", autofocus: true, onclick: () => box.close("") }, "Keep"),
        h("button", { type: "button", class: "danger", onclick: () => box.close("yes") }, press),
      ),
    );
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue === "yes");
    });
    document.body.append(box);
    box.showModal();
  });
}

/** Show a line at the foot of the page, read out by screen readers, until it is dismissed or another action starts. */
export function notice(text) {
  clearNotices();
  const line = h("div", { class: "notice" }, h("span", {}, text), h("button", { type: "button", class: "quiet dismiss", onclick: () => line.remove() }, "Dismiss"));
  document.getElementById("notices").append(line);
}

export const clearNotices = () => document.getElementById("notices").replaceChildren();
