// The uploaded pictures: each can be chosen again, or deleted.

import { get, isAbort, post } from "../core/api.js";
import { confirmDialog, h } from "../core/element.js";

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** pick(source) is called when one is chosen, and release(source), which tells whether it was chosen, before one is deleted. */
export function uploads({ signal, pick, release }) {
  const list = h("ul", { class: "sent" });
  const problem = h("p", { class: "problem", role: "alert" });
  const usage = h("p", { class: "help" });
  const element = h("details", { class: "fields", ontoggle: () => element.open && show() }, h("summary", {}, h("h3", {}, "Uploaded pictures")), usage, list, problem);

  async function show() {
    try {
      const { pictures, bytes, most_bytes } = await get("/api/pictures", signal);
      problem.textContent = "";
      usage.textContent = pictures.length ? `${megabytes(bytes)} of at most ${megabytes(most_bytes)}.` : "None yet.";
      list.replaceChildren(...pictures.map(line));
    } catch (error) {
      if (!isAbort(error)) problem.textContent = error.message;
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
    if (!(await confirmDialog(`Delete ${name}?`, "Runs that learned it keep their own copy.", "Delete"))) return;
    // Released first: nothing on the page asks for a picture that is gone.
    const wasChosen = release(source);
    try {
      await post("/api/pictures/delete", { source }, signal);
    } catch (error) {
      if (isAbort(error)) return;
      problem.textContent = error.message;
      if (wasChosen) pick(source);
      return;
    }
    await show();
  }

  return element;
}
