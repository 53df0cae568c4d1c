// A timeline of frames, to be scrubbed and played. Positions have any increasing unit: epochs, seconds, operations.

import { h, s } from "../core/element.js";
import { keys } from "../core/keys.js";

const FILM = 8; // seconds that a film lasts

/**
  * show(position, at) shows a frame, and resolves when it is on screen; say(at) returns its label. After `positions([...])`
  * with new frames the last frame stays chosen if it was; `following` tells whether it is.
 */
export class Timeline {
  constructor({ signal, show, say, name = "Moment of the film" }) {
    this.show = show;
    this.say = say;
    this.all = [];
    this.at = -1;
    this.following = true;
    this.slider = h("input", { type: "range", min: "0", max: "0", step: "any", value: "0", "aria-label": name });
    this.slider.addEventListener("input", () => this.choose(this.#nearest(Number(this.slider.value))));
    this.button = h("button", { type: "button", class: "play", onclick: () => this.toggle() }, "Play");
    this.label = h("output", { class: "figure" });
    this.marks = s("svg", { class: "marks", "aria-hidden": "true", preserveAspectRatio: "none", viewBox: "0 0 1000 6" });
    this.element = h("div", { class: "timeline" }, this.button, h("div", { class: "track" }, this.slider, this.marks), this.label);
    signal.addEventListener("abort", () => this.stop());
    keys(signal, [
      { keys: [" "], label: "Space", help: "Play or hold the film", run: () => this.toggle() },
      { keys: ["ArrowLeft"], label: "←", help: "Previous frame", run: () => this.choose(this.at - 1) },
      { keys: ["ArrowRight"], label: "→", help: "Next frame", run: () => this.choose(this.at + 1) },
      { keys: ["Home"], label: "Home", help: "First frame", run: () => this.choose(0) },
      { keys: ["End"], label: "End", help: "Last frame; follows a live training", run: () => this.choose(this.all.length - 1) },
    ]);
    this.#paint();
  }

  /** Set the frames' positions, ascending. */
  positions(all) {
    const same = all.length === this.all.length && all.every((position, at) => position === this.all[at]);
    if (same) return;
    this.all = all;
    this.slider.max = String(all.at(-1) ?? 0);
    this.slider.min = String(Math.min(all[0] ?? 0, 0));
    const span = this.slider.max - this.slider.min || 1;
    this.marks.replaceChildren(...all.map((position) => s("rect", { x: ((position - this.slider.min) / span) * 1000 - 0.75, width: 1.5, height: 6 })));
    if (this.following || this.at >= all.length) this.choose(all.length - 1, true);
    else this.#paint();
  }

  choose(at, quietly = false) {
    if (!this.all.length) return;
    if (!quietly) this.stop();
    this.at = Math.max(0, Math.min(this.all.length - 1, at));
    this.following = this.at === this.all.length - 1;
    this.#paint();
    return this.show(this.all[this.at], this.at);
  }

  /** Choose the frame nearest to a position. */
  seek(position) {
    this.choose(this.#nearest(position));
  }

  toggle() {
    if (this.playing) return this.stop();
    if (this.all.length < 2) return;
    if (this.at >= this.all.length - 1) this.choose(0, true);
    const [first, last] = [this.all[0], this.all.at(-1)];
    const rate = (last - first) / (FILM * 1000);
    let position = this.all[this.at];
    let before = performance.now();
    let shown = true;
    const tick = (now) => {
      // The film waits while a frame is being computed.
      if (shown) position += rate * (now - before);
      before = now;
      const due = this.all.findLastIndex((each) => each <= position);
      if (due > this.at && shown) {
        shown = false;
        Promise.resolve(this.choose(due, true)).finally(() => (shown = true));
        if (this.at >= this.all.length - 1) return this.stop();
      }
      this.playing = requestAnimationFrame(tick);
    };
    this.playing = requestAnimationFrame(tick);
    this.#paint();
  }

  stop() {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.#paint();
  }

  #nearest(position) {
    let best = 0;
    this.all.forEach((each, at) => {
      if (Math.abs(each - position) < Math.abs(this.all[best] - position)) best = at;
    });
    return best;
  }

  #paint() {
    this.button.textContent = this.playing ? "Hold" : "Play";
    this.button.disabled = this.all.length < 2;
    this.slider.disabled = this.all.length < 2;
    if (this.at < 0) return;
    this.slider.value = String(this.all[this.at]);
    const text = this.say(this.at);
    this.label.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
  }
}
