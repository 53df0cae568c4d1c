// Experiments of `sfumato compare` and similar commands, with their verdicts and reports; and sweeps.

import { reportPage, sweepPage } from "../core/addresses.js";
import { get, isAbort } from "../core/api.js";
import { h } from "../core/element.js";
import { count } from "../core/format.js";
import { messages } from "../core/messages.js";
import { repeat } from "../core/repeat.js";
import { number } from "../sweep/data.js";

const REFRESH_INTERVAL = 4000; // ms between two looks at the sweeps

export async function show(root, { signal }) {
  const problems = messages();
  // Each list is shown although the other one fails, until it is there.
  const lists = { experiments: null, sweeps: null };
  const errors = (await Promise.all(Object.keys(lists).map(load))).filter(Boolean);
  if (errors.length === 2) throw errors[0];
  const sweeps = h("section", { class: "part", hidden: true });
  const empty = h(
    "div",
    { class: "empty", hidden: true },
    h("h1", {}, "No experiments yet"),
    h("p", { class: "lead" }, "An experiment trains several recipes on several seeds and tells, with a confidence interval, which is better."),
    h("a", { class: "button", href: "/race" }, "Race runs instead"),
    h("code", { class: "quietly" }, "in a terminal: sfumato compare --help"),
  );
  const head = h("header", { class: "part-head" }, h("h1", {}, "Experiments"), h("p", { class: "lead" }, "Recipes compared over several seeds, each with a confidence interval in its report; and sweeps, which search a space of recipes."));
  const list = h("ul", { class: "experiments" });
  let before = "";

  /** Load one of the lists, and return the error if there is one. */
  async function load(name) {
    try {
      lists[name] = await get(`/api/${name}`, signal);
      problems.say(name, "");
      return null;
    } catch (error) {
      if (isAbort(error)) throw error;
      problems.say(name, error.message);
      return error;
    }
  }

  function fill() {
    const now = JSON.stringify(lists);
    if (now === before) return;
    before = now;
    const all = lists.experiments ?? [];
    const given = lists.sweeps ?? { sweeps: [], left_out: 0 };
    const bare = lists.experiments && lists.sweeps && !all.length && !given.sweeps.length;
    list.replaceChildren(...all.map(line));
    root.replaceChildren(...(bare ? [empty] : [head, problems.element, list, sweeps]));
    empty.hidden = !bare;
    list.hidden = !all.length;
    sweeps.hidden = !given.sweeps.length;
    const focused = document.activeElement?.dataset?.sweep;
    sweeps.replaceChildren(
      h("header", {}, h("h2", {}, "Sweeps")),
      h("ul", { class: "experiments sweeps" }, given.sweeps.map(sweepLine)),
      given.left_out ? h("p", { class: "quietly" }, `${count(given.left_out)} more were written before these.`) : "",
    );
    if (focused) [...sweeps.querySelectorAll("a")].find((link) => link.dataset.sweep === focused)?.focus();
  }

  fill();
  const refresh = async () => {
    try {
      await load("sweeps");
      if (!lists.experiments) await load("experiments");
      fill();
    } catch (error) {
      if (!isAbort(error)) throw error;
    }
  };
  repeat(refresh, REFRESH_INTERVAL, signal);
}

function line(experiment) {
  const { name, shown, title, question, verdict, done, left, report } = experiment;
  return h(
    "li",
    {},
    h(
      "div",
      {},
      h("h2", {}, question || title || shown),
      (verdict ?? []).map((sentence) => h("p", {}, sentence[0].toUpperCase() + sentence.slice(1))),
      experiment.finished ? null : h("p", { class: "quietly figure" }, experiment.problem ?? `${done} of ${done + left} trials done.`),
      h("p", { class: "quietly" }, shown),
    ),
    report ? h("a", { class: "button", href: reportPage(name), target: "_blank", rel: "noopener" }, "Open the report") : null,
  );
}

function sweepLine({ name, shown, live, tried, best, objectives, picture, problem }) {
  const first = objectives?.[0]?.name;
  const score = Number.isFinite(best) ? `best ${first === "psnr" ? `PSNR ${number(best)} dB` : `${first} ${number(best)}`}` : "";
  const facts = [Number.isFinite(tried) ? `${count(tried)} configuration${tried === 1 ? "" : "s"}` : "", score, picture ?? ""].filter(Boolean);
  return h(
    "li",
    {},
    h(
      "div",
      {},
      h("h3", {}, shown, live ? h("span", { class: "state", data: { state: "running" } }, "searching") : null),
      problem ? h("p", { class: "problem" }, problem) : h("p", { class: "quietly figure" }, facts.join(" · ")),
    ),
    problem ? null : h("a", { class: "button", href: sweepPage(name), data: { sweep: name } }, "Open the sweep", h("span", { class: "unseen" }, ` ${shown}`)),
  );
}
