// Which picture: one of the samples, or a file, picked or dropped anywhere on the page.

import { left, upload } from "../core/api.js";
import { h } from "../core/element.js";

/** samples: [{name, help, thumbnail}]; pick(source) when one is taken. */
export function picker(samples, { signal, pick }) {
  const problem = h("p", { class: "problem", role: "alert" });
  const own = h("img", { alt: "", hidden: true });
  const file = h("input", { type: "file", id: "file", class: "unseen", accept: "image/*,.heic,.tif,.tiff", onchange: () => file.files[0] && hand(file.files[0]) });
  const words = h("span", {}, "Drop a picture, or choose a file");
  const drop = h("label", { class: "drop", for: "file" }, own, words);
  const buttons = samples.map((sample) => {
    const { name: source, help, thumbnail } = sample;
    const face = thumbnail ? h("img", { src: thumbnail, alt: "", loading: "lazy" }) : null;
    return h("button", { type: "button", class: "sample", data: { source }, "aria-pressed": "false", title: help, onclick: () => (say(""), pick(source)) }, face, h("span", {}, source, face ? null : h("small", {}, "fetched once")));
  });
  const element = h("section", { class: "picker" }, h("h2", {}, "Picture"), h("div", { class: "samples" }, file, drop, buttons), problem);
  let ours = null;

  async function hand(given) {
    say("");
    element.classList.add("busy");
    words.textContent = `Reading ${given.name} …`;
    try {
      const taken = await upload(given, signal);
      if (ours) URL.revokeObjectURL(ours.address);
      ours = { source: taken.source, name: given.name, address: URL.createObjectURL(given), size: `${taken.width} × ${taken.height}` };
      pick(taken.source);
    } catch (error) {
      if (!left(error)) say(error.message);
    } finally {
      element.classList.remove("busy");
      file.value = "";
      face();
    }
  }

  function say(text) {
    problem.textContent = text;
  }

  function face() {
    own.hidden = !ours;
    // What the browser itself cannot show (a TIFF) has its name alone.
    if (ours && own.getAttribute("src") !== ours.address) own.src = ours.address;
    words.textContent = ours ? `${ours.name}, ${ours.size}` : "Drop a picture, or choose a file";
  }

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
  signal.addEventListener("abort", () => ours && URL.revokeObjectURL(ours.address));

  return {
    element,
    show(source) {
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.source === source));
      drop.classList.toggle("taken", Boolean(ours) && ours.source === source);
    },
  };
}
