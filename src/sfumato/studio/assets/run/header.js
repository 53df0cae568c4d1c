// The top of a run's page: what it is, how far it is, and what can be done with it.

import { h } from "../core/element.js";
import { placed } from "../core/place.js";
import { STATES, count, decibels, differing, duration, epochs, isLive, pictureName } from "../core/words.js";

const CAN = {
  running: [["pause", "Pause"], ["stop", "Stop"]],
  paused: [["resume", "Resume"], ["stop", "Stop"]],
  stopped: [["resume", "Resume"]],
  interrupted: [["resume", "Resume"]],
};

/** act(what) for pause, stop and resume. */
export function header(name, run, act) {
  const address = `/runs/${encodeURIComponent(name)}`;
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
      h("a", { class: "button", href: `${address}/layers` }, "Look inside"),
      h("a", { class: "button", href: `${address}/zoom` }, "Zoom without end"),
      again,
    ),
    bar,
    figures,
  );
  let buttons = "";

  return {
    element,
    lost(away) {
      element.classList.toggle("lost", away);
      if (away) state.textContent = "no answer from the studio; trying again";
      else if (this.state) state.textContent = this.state;
    },
    press: () => controls.querySelector("button")?.click(),
    show(now) {
      this.state = STATES[now.state] ?? now.state;
      state.textContent = this.state;
      state.dataset.state = now.state;
      const pairs = differing(now.differences);
      deck.replaceChildren(
        ...(pairs.length ? pairs.flatMap(([key, text]) => [h("span", {}, h("span", { class: "quietly" }, key), ` ${text}`), " "]) : [h("span", { class: "quietly" }, "the default recipe")]),
      );
      again.href = placed(`/new?${new URLSearchParams({ ...now.again?.changes, ...(now.again && now.again.preset !== "fast" ? { preset: now.again.preset } : {}) })}`);
      if (buttons !== now.state) {
        buttons = now.state;
        const held = controls.contains(document.activeElement);
        controls.replaceChildren(...(CAN[now.state] ?? []).map(([what, text]) => h("button", { type: "button", onclick: () => act(what) }, text)));
        if (held) controls.querySelector("button")?.focus();
      }
      const live = isLive(now.state);
      bar.classList.toggle("idle", !live || !Number.isFinite(now.progress));
      bar.firstChild.style.setProperty("transform", `scaleX(${Math.min(1, now.progress || 0)})`);
      const last = now.frames?.at(-1);
      const shown = [
        ["PSNR", decibels(now.psnr)],
        ["Epoch", epochs(now.epoch ?? now.result?.epoch ?? last?.epoch)],
        ["Training", duration(now.seconds)],
        ["Parameters", count(now.parameters)],
        ["Picture", now.width ? `${now.width} × ${now.height}` : "–"],
        live ? ["Left", duration(now.left)] : ["Engine", now.engine || "–"],
      ];
      figures.replaceChildren(...shown.map(([what, text]) => h("div", {}, h("dt", {}, what), h("dd", {}, text))));
    },
  };
}
