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
  const [all, found] = await Promise.all([get("/api/experiments", signal), get("/api/sweeps", signal)]);
  const problems = messages();
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
  const list = h("ul", { class: "experiments" }, all.map(line));
  let before = "";

  function fill(given) {
    const now = JSON.stringify(given);
    if (now === before) return;
    before = now;
    const bare = !all.length && !given.sweeps.length;
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

  fill(found);
  const refresh = async () => {
    try {
      fill(await get("/api/sweeps", signal));
      problems.say("sweeps", "");
    } catch (error) {
      isAbort(error) || problems.say("sweeps", error.message);
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
