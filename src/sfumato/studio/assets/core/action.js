// Buttons that have the server do something: a press shows at once, is taken once, and is over by its own answer alone.

import { left } from "./api.js";
import { clearNotices, h } from "./element.js";

const SECOND = 1000;

/** Of the buttons of one group one action at a time is under way, and all are disabled meanwhile. */
export class Actions {
  #all = new Set();
  #underWay = null;
  #since = 0;
  #ticking = 0;

  /** began() at every action; failed(error) when one was refused. */
  constructor({ began = () => {}, failed }) {
    this.began = began;
    this.failed = failed;
  }

  /**
   * A button that does `work`, to which resolves when all is done. `busy` is its text meanwhile; `before()` may ask
   * first whether it is meant. It gets run(), as if it was pressed, and block(on) for when it cannot be.
   */
  button(text, work, { busy, before, ...properties } = {}) {
    const element = h("button", { type: "button", ...properties }, text);
    const each = { element, text, busy, blocked: false };
    element.run = async () => {
      if (this.#underWay || each.blocked || (before && !(await before())) || this.#underWay) return;
      await this.#run(each, work);
    };
    element.block = (on) => {
      each.blocked = on;
      this.#show();
    };
    if (element.type === "button") element.addEventListener("click", element.run);
    this.#all.add(each);
    this.#show();
    return element;
  }

  /** Other buttons take the place of all: what is under way goes on, and they wait for it. */
  clear() {
    this.#all.clear();
  }

  async #run(each, work) {
    const held = document.activeElement === each.element;
    this.#underWay = each;
    this.#since = performance.now();
    this.#ticking = setInterval(() => this.#show(), SECOND);
    this.#show();
    clearNotices();
    this.began();
    try {
      await work();
    } catch (error) {
      if (!left(error)) this.failed(error);
    } finally {
      clearInterval(this.#ticking);
      this.#underWay = null;
      this.#show();
      // A browser takes the focus from a button that is disabled.
      if (held && document.activeElement === document.body) each.element.focus();
    }
  }

  #show() {
    for (const each of this.#all) {
      const mine = each === this.#underWay;
      const seconds = Math.floor((performance.now() - this.#since) / SECOND);
      each.element.disabled = each.blocked || this.#underWay !== null;
      each.element.textContent = !mine ? each.text : seconds < 1 ? `${each.busy} …` : `${each.busy} … ${seconds} s`;
      mine ? each.element.setAttribute("aria-busy", "true") : each.element.removeAttribute("aria-busy");
    }
  }
}
