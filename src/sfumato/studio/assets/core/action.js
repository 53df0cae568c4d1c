// Buttons that start actions on the server: they show that they are busy, and ignore presses until the response.

import { isAbort } from "./api.js";
import { clearNotices, h } from "./element.js";

const SECOND = 1000;

/** A group of buttons of which one action runs at a time, while all are disabled. */
export class Actions {
  #all = new Set();
  #underWay = null;
  #since = 0;
  #ticking = 0;

  /** began() is called at the start of every action, failed(error) when one fails. */
  constructor({ began = () => {}, failed }) {
    this.began = began;
    this.failed = failed;
  }

  /**
   * Return a button that runs `work`, which returns a promise. `busy` is its text in the meantime; `before()` may ask for
   * confirmation. The button gets run(), as if it was pressed, and block(on) to disable it.
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

  /** Forget all buttons, so that others can replace them; they wait for an action that is still running. */
  clear() {
    this.#all.clear();
  }

  async #run(each, work) {
    const hadFocus = document.activeElement === each.element;
    this.#underWay = each;
    this.#since = performance.now();
    this.#ticking = setInterval(() => this.#show(), SECOND);
    this.#show();
    clearNotices();
    this.began();
    try {
      await work();
    } catch (error) {
      if (!isAbort(error)) this.failed(error);
    } finally {
      clearInterval(this.#ticking);
      this.#underWay = null;
      this.#show();
      // A browser removes the focus from a button that is disabled.
      if (hadFocus && document.activeElement === document.body) each.element.focus();
    }
  }

  #show() {
    for (const each of this.#all) {
      const isRunning = each === this.#underWay;
      const seconds = Math.floor((performance.now() - this.#since) / SECOND);
      each.element.disabled = each.blocked || this.#underWay !== null;
      each.element.textContent = !isRunning ? each.text : seconds < 1 ? `${each.busy} …` : `${each.busy} … ${seconds} s`;
      isRunning ? each.element.setAttribute("aria-busy", "true") : each.element.removeAttribute("aria-busy");
    }
  }
}
