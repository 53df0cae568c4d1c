// Which picture: one of the samples, or a file, picked or dropped anywhere on the page.

import { get, left, upload } from "../core/api.js";
import { h } from "../core/element.js";
import { placed } from "../core/place.js";
import { pictureName } from "../core/format.js";

const WORDS = "Drop a picture, or choose a file";

/** samples: [{name, help, thumbnail}]; pick(source) when one is taken. */
export function picker(samples, { signal, pick }) {
  const problem = h("p", { class: "problem", role: "alert" });
  const own = h("img", { alt: "", hidden: true });
  const file = h("input", { type: "file", id: "file", class: "unseen", accept: "image/*,.heic,.tif,.tiff", onchange: () => file.files[0] && hand(file.files[0]) });
  const words = h("span", {}, WORDS);
  const drop = h("label", { class: "drop", for: "file" }, own, words);
  const buttons = samples.map((sample) => {
    const { name: source, help, thumbnail } = sample;
    const face = thumbnail ? h("img", { src: thumbnail, alt: "", loading: "lazy" }) : null;
    return h("button", { type: "button", class: "sample", data: { source }, "aria-pressed": "false", title: help, onclick: () => (say(""), pick(source)) }, face, h("span", {}, source, face ? null : h("small", {}, "fetched once")));
  });
  const element = h("section", { class: "picker" }, h("h2", {}, "Picture"), h("div", { class: "samples" }, file, drop, buttons), problem);
  const names = new Set(samples.map((sample) => sample.name));
  const sent = new Map(); // source -> what is known of a file of this page: {name, size, address}
  let shown = ""; // the source that is chosen
  let handing = new AbortController(); // the last file
  let asking = new AbortController(); // about what is chosen

  async function hand(given) {
    handing.abort();
    const mine = (handing = new AbortController());
    say("");
    element.classList.add("busy");
    words.textContent = `Reading ${given.name} …`;
    try {
      const { source, width, height } = await upload(given, AbortSignal.any([signal, mine.signal]));
      if (sent.has(source)) URL.revokeObjectURL(sent.get(source).address);
      sent.set(source, { name: given.name, size: `${width} × ${height}`, address: URL.createObjectURL(given) });
      pick(source);
    } catch (error) {
      if (!left(error)) say(error.message);
    } finally {
      if (handing === mine) {
        element.classList.remove("busy");
        file.value = "";
        mark(shown);
      }
    }
  }

  function say(text) {
    problem.textContent = text;
  }

  /** Mark what is chosen: a sample, or a picture that was dropped here or that a run has learned, now or long ago. */
  async function mark(source) {
    asking.abort();
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.source === source));
    const other = Boolean(source) && !names.has(source);
    drop.classList.toggle("taken", other);
    if (!other) return face(null);
    if (sent.has(source)) return face(sent.get(source));
    face({ name: pictureName(source) });
    asking = new AbortController();
    try {
      const { width, height, thumbnail } = await get(`/api/picture?${new URLSearchParams({ source })}`, AbortSignal.any([signal, asking.signal]));
      face({ name: pictureName(source), size: `${width} × ${height}`, address: thumbnail });
    } catch (error) {
      // Whether it can be learned is said by what describes the recipe.
      if (!left(error)) face({ name: pictureName(source) });
    }
  }

  function face(about) {
    if (element.classList.contains("busy")) return;
    own.hidden = !about?.address;
    if (about?.address && own.getAttribute("src") !== placed(about.address)) own.src = placed(about.address);
    words.textContent = about ? [about.name, about.size].filter(Boolean).join(", ") : WORDS;
  }

  // What the browser itself cannot show (a TIFF) has its name alone.
  own.addEventListener("error", () => (own.hidden = true));
  document.addEventListener("dragover", (event) => (event.preventDefault(), element.classList.add("over")), { signal });
  document.addEventListener("dragleave", (event) => event.relatedTarget || element.classList.remove("over"), { signal });
  document.addEventListener(
    "drop",
    (event) => {
      event.preventDefault();
      element.classList.remove("over");
      const given = event.dataTransfer.files[0];
      if (given) hand(given);
    },
    { signal },
  );
  signal.addEventListener("abort", () => sent.forEach((each) => URL.revokeObjectURL(each.address)));

  return {
    element,
    show(source) {
      if (source === shown) return;
      shown = source;
      mark(source);
    },
  };
}
