// A film's frames along a line, to be scrubbed and played. Places are in any unit that grows: epochs, seconds, operations.

import { h, s } from "../core/element.js";
import { keys } from "../core/keys.js";

const FILM = 8; // seconds that a whole film takes

/**
 * show(place, at): put the frame on screen, and resolve when it is there. say(at): its label, for eyes and screen readers.
 * After `places([...])` with new frames the last stays chosen where it was; `follow` says that the end was left or reached.
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
      { keys: [" "], shown: "Space", says: "Play or hold the film", run: () => this.toggle() },
      { keys: ["ArrowLeft"], shown: "←", says: "A frame back", run: () => this.choose(this.at - 1) },
      { keys: ["ArrowRight"], shown: "→", says: "A frame on", run: () => this.choose(this.at + 1) },
      { keys: ["Home"], shown: "Home", says: "The first frame", run: () => this.choose(0) },
      { keys: ["End"], shown: "End", says: "The last frame, and on with it while training goes on", run: () => this.choose(this.all.length - 1) },
    ]);
    this.#paint();
  }

  /** The frames' places, ascending. */
  places(all) {
    const same = all.length === this.all.length && all.every((place, at) => place === this.all[at]);
    if (same) return;
    this.all = all;
    this.slider.max = String(all.at(-1) ?? 0);
    this.slider.min = String(Math.min(all[0] ?? 0, 0));
    const span = this.slider.max - this.slider.min || 1;
    this.marks.replaceChildren(...all.map((place) => s("rect", { x: ((place - this.slider.min) / span) * 1000 - 0.75, width: 1.5, height: 6 })));
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

  /** Choose the frame nearest to a place. */
  seek(place) {
    this.choose(this.#nearest(place));
  }

  toggle() {
    if (this.playing) return this.stop();
    if (this.all.length < 2) return;
    if (this.at >= this.all.length - 1) this.choose(0, true);
    const [first, last] = [this.all[0], this.all.at(-1)];
    const rate = (last - first) / (FILM * 1000);
    let place = this.all[this.at];
    let before = performance.now();
    let shown = true;
    const tick = (now) => {
      // Time stands still while a frame that must be computed is waited for.
      if (shown) place += rate * (now - before);
      before = now;
      const due = this.all.findLastIndex((each) => each <= place);
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

  #nearest(place) {
    let best = 0;
    this.all.forEach((each, at) => {
      if (Math.abs(each - place) < Math.abs(this.all[best] - place)) best = at;
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
