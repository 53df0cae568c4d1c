// The choice of a picture: one of the samples, or a file that is chosen or dropped anywhere on the page.

import { get, isAbort, upload } from "../core/api.js";
import { h } from "../core/element.js";
import { withPrefix } from "../core/place.js";
import { pictureName } from "../core/format.js";

const WORDS = "Drop a picture, or choose a file";

/** samples: [{name, help, thumbnail}]; pick(source) is called when one is chosen. */
export function picker(samples, { signal, pick }) {
  const problem = h("p", { class: "problem", role: "alert" });
  const own = h("img", { alt: "", hidden: true });
  const file = h("input", { type: "file", id: "file", class: "unseen", accept: "image/*,.heic,.tif,.tiff", onchange: () => file.files[0] && send(file.files[0]) });
  const words = h("span", {}, WORDS);
  const drop = h("label", { class: "drop", for: "file" }, own, words);
  const buttons = samples.map((sample) => {
    const { name: source, help, thumbnail } = sample;
    const face = thumbnail ? h("img", { src: thumbnail, alt: "", loading: "lazy" }) : null;
    return h("button", { type: "button", class: "sample", data: { source }, "aria-pressed": "false", title: help, onclick: () => (say(""), pick(source)) }, face, h("span", {}, source, face ? null : h("small", {}, "downloaded once")));
  });
  const element = h("section", { class: "picker" }, h("h2", {}, "Picture"), h("div", { class: "samples" }, file, drop, buttons), problem);
  const names = new Set(samples.map((sample) => sample.name));
  const uploads = new Map(); // source -> {name, size, address} of a file that was uploaded from this page
  let chosen = ""; // the chosen source
  let uploading = new AbortController(); // of the last upload
  let describing = new AbortController(); // of the request about the chosen source

  async function send(picked) {
    uploading.abort();
    const current = (uploading = new AbortController());
    say("");
    element.classList.add("busy");
    words.textContent = `Uploading ${picked.name} …`;
    try {
      const { source, width, height } = await upload(picked, AbortSignal.any([signal, current.signal]));
      if (uploads.has(source)) URL.revokeObjectURL(uploads.get(source).address);
      uploads.set(source, { name: picked.name, size: `${width} × ${height}`, address: URL.createObjectURL(picked) });
      pick(source);
    } catch (error) {
      if (!isAbort(error)) say(error.message);
    } finally {
      if (uploading === current) {
        element.classList.remove("busy");
        file.value = "";
        mark(chosen);
      }
    }
  }

  function say(text) {
    problem.textContent = text;
  }

  /** Mark the chosen picture: a sample, an uploaded picture, or one that a run has learned. */
  async function mark(source) {
    describing.abort();
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.source === source));
    const other = Boolean(source) && !names.has(source);
    drop.classList.toggle("taken", other);
    if (!other) return face(null);
    if (uploads.has(source)) return face(uploads.get(source));
    face({ name: pictureName(source) });
    describing = new AbortController();
    try {
      const { width, height, thumbnail } = await get(`/api/picture?${new URLSearchParams({ source })}`, AbortSignal.any([signal, describing.signal]));
      face({ name: pictureName(source), size: `${width} × ${height}`, address: thumbnail });
    } catch (error) {
      // The description of the recipe reports whether it can be learned.
      if (!isAbort(error)) face({ name: pictureName(source) });
    }
  }

  function face(about) {
    if (element.classList.contains("busy")) return;
    own.hidden = !about?.address;
    if (about?.address && own.getAttribute("src") !== withPrefix(about.address)) own.src = withPrefix(about.address);
    words.textContent = about ? [about.name, about.size].filter(Boolean).join(", ") : WORDS;
  }

  // A format that the browser cannot show, such as TIFF, has its name alone.
  own.addEventListener("error", () => (own.hidden = true));
  document.addEventListener("dragover", (event) => (event.preventDefault(), element.classList.add("over")), { signal });
  document.addEventListener("dragleave", (event) => event.relatedTarget || element.classList.remove("over"), { signal });
  document.addEventListener(
    "drop",
    (event) => {
      event.preventDefault();
      element.classList.remove("over");
      const picked = event.dataTransfer.files[0];
      if (picked) send(picked);
    },
    { signal },
  );
  signal.addEventListener("abort", () => uploads.forEach((each) => URL.revokeObjectURL(each.address)));

  return {
    element,
    show(source) {
      if (source === chosen) return;
      chosen = source;
      mark(source);
    },
  };
}
