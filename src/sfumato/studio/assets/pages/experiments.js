// Experiments of `sfumato compare` and similar commands, with their verdicts and reports.

import { reportPage } from "../core/addresses.js";
import { get } from "../core/api.js";
import { h } from "../core/element.js";

export async function show(root, { signal }) {
  const all = await get("/api/experiments", signal);
  if (!all.length) {
    root.append(
      h(
        "div",
        { class: "empty" },
        h("h1", {}, "No experiments yet"),
        h("p", { class: "lead" }, "An experiment trains several recipes on several seeds and tells, with a confidence interval, which is better."),
        h("a", { class: "button", href: "/race" }, "Race runs instead"),
        h("code", { class: "quietly" }, "in a terminal: sfumato compare --help"),
      ),
    );
    return;
  }
  root.append(
    h("header", { class: "part-head" }, h("h1", {}, "Experiments"), h("p", { class: "lead" }, "Recipes compared over several seeds, each with a confidence interval in its report.")),
    h("ul", { class: "experiments" }, all.map(line)),
  );
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
