// The pictures that were dropped here: taken again, or deleted where the studio keeps too many.

import { get, left, post } from "../core/api.js";
import { confirmed, h } from "../core/element.js";

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** pick(source) when one is taken. */
export function sent({ signal, pick }) {
  const list = h("ul", { class: "sent" });
  const problem = h("p", { class: "problem", role: "alert" });
  const kept = h("p", { class: "help" });
  const element = h("details", { class: "fields", ontoggle: () => element.open && show() }, h("summary", {}, h("h3", {}, "Pictures dropped here")), kept, list, problem);

  async function show() {
    try {
      const { pictures, bytes, most_bytes } = await get("/api/pictures", signal);
      problem.textContent = "";
      kept.textContent = pictures.length ? `${megabytes(bytes)} of at most ${megabytes(most_bytes)}.` : "None yet.";
      list.replaceChildren(...pictures.map(line));
    } catch (error) {
      if (!left(error)) problem.textContent = error.message;
    }
  }

  const line = ({ source, name, bytes }) =>
    h(
      "li",
      { class: "row" },
      h("button", { type: "button", class: "quiet", onclick: () => pick(source) }, name),
      h("span", { class: "quietly" }, megabytes(bytes)),
      h("button", { type: "button", "aria-label": `Delete ${name}`, onclick: () => remove(source, name) }, "Delete"),
    );

  async function remove(source, name) {
    if (!(await confirmed(`Delete ${name}?`, "Runs that learned it have their own copy, and keep it.", "Delete"))) return;
    try {
      await post("/api/pictures/delete", { source }, signal);
    } catch (error) {
      if (!left(error)) problem.textContent = error.message;
      return;
    }
    await show();
  }

  return element;
}
