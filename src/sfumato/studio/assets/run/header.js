// The header of a run's page: its name, its progress, and its actions.

import { Actions } from "../core/action.js";
import { formPage, runPage } from "../core/addresses.js";
import { h } from "../core/element.js";
import { withPrefix } from "../core/place.js";
import { count, decibels, differing, duration, epochs, isLive, pictureName } from "../core/format.js";
import { isInNoQueue, stateText } from "./queue.js";

const CAN = {
  running: ["pause", "stop"],
  paused: ["resume", "stop"],
  queued: ["cancel"],
  without: ["begin", "cancel"],
  stopped: ["resume"],
  interrupted: ["resume"],
};
const TEXTS = {
  pause: ["Pause", "Pausing"],
  stop: ["Stop", "Stopping"],
  resume: ["Resume", "Resuming"],
  begin: ["Start", "Starting"],
  cancel: ["Cancel", "Canceling"],
};
const ASKED = { begin: "resume", cancel: "stop" };

/** act(what) carries out pause, stop, or resume, and returns a promise; began() and failed(error) are those of `Actions`. */
export function header(name, run, act, { began, failed }) {
  const actions = new Actions({ began, failed });
  const state = h("span", { class: "state", role: "status" });
  const deck = h("p", { class: "deck" });
  const controls = h("div", { class: "row" });
  const bar = h("div", { class: "progress" }, h("div", {}));
  const figures = h("dl", { class: "figures figure" });
  const again = h("a", { class: "button" }, "Paint again with changes");
  const element = h(
    "header",
    { class: "run-head" },
    h("a", { class: "back", href: "/" }, "← All runs"),
    h("div", { class: "run-title" }, h("h1", { tabindex: "-1" }, pictureName(run.picture)), state),
    deck,
    h(
      "div",
      { class: "row run-tools" },
      controls,
      h("a", { class: "button", href: runPage(name, "/layers") }, "Inspect layers"),
      h("a", { class: "button", href: runPage(name, "/zoom") }, "Infinite zoom"),
      again,
    ),
    bar,
    figures,
  );
  let buttons = null;

  return {
    element,
    press: () => controls.querySelector("button")?.click(),
    show(now) {
      state.textContent = stateText(now);
      state.dataset.state = now.state;
      const pairs = differing(now.differences);
      deck.replaceChildren(
        ...(pairs.length ? pairs.flatMap(([key, text]) => [h("span", {}, h("span", { class: "quietly" }, key), ` ${text}`), " "]) : [h("span", { class: "quietly" }, "the default recipe")]),
      );
      again.href = withPrefix(formPage(now.again));
      const can = isInNoQueue(now) ? CAN.without : CAN[now.state];
      if (buttons !== can) {
        buttons = can;
        const hadFocus = controls.contains(document.activeElement);
        actions.clear();
        controls.replaceChildren(...(can ?? []).map((what) => actions.button(TEXTS[what][0], () => act(ASKED[what] ?? what), { busy: TEXTS[what][1] })));
        if (hadFocus) controls.querySelector("button")?.focus();
      }
      const live = isLive(now.state);
      bar.classList.toggle("idle", !live || !Number.isFinite(now.progress));
      bar.firstChild.style.setProperty("transform", `scaleX(${Math.min(1, now.progress || 0)})`);
      const last = now.frames?.at(-1);
      const shown = [
        ["PSNR", decibels(now.psnr)],
        // From the training samples, and so of the network as it was a moment ago.
        ...(live ? [["Running PSNR", decibels(now.running_psnr)]] : []),
        ["Epoch", epochs(now.epoch ?? now.result?.epoch ?? last?.epoch)],
        ["Training", duration(now.seconds)],
        ["Parameters", count(now.parameters)],
        ["Picture", now.width ? `${now.width} × ${now.height}` : "–"],
        live && now.stage ? [now.stage.name, `${Math.round(100 * now.stage.part)}%`] : live ? ["Time left", duration(now.left)] : ["Engine", now.engine || "–"],
      ];
      figures.replaceChildren(...shown.map(([what, text]) => h("div", {}, h("dt", {}, what), h("dd", {}, text))));
    },
  };
}
