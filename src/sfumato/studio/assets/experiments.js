// Experiments that were made with `sfumato compare` and the like, with their verdicts and reports.

import { get } from "./api.js";
import { h } from "./element.js";

export async function show(root, { signal }) {
  const all = await get("/api/experiments", signal);
  if (!all.length) {
    root.append(
      h(
        "div",
        { class: "empty" },
        h("h1", {}, "No experiments yet"),
        h("p", { class: "lead" }, "An experiment trains several recipes on several seeds and says, with an error bar, which is better."),
        h("a", { class: "button", href: "/race" }, "Race runs instead"),
        h("code", { class: "quietly" }, "in a terminal: sfumato compare --help"),
      ),
    );
    return;
  }
  root.append(
    h("header", { class: "part-head" }, h("h1", {}, "Experiments"), h("p", { class: "lead" }, "Recipes compared over several seeds; each verdict has an error bar in its report.")),
    h("ul", { class: "experiments" }, all.map(line)),
  );
}

function line(experiment) {
  const report = `/experiments/${encodeURIComponent(experiment.name)}/report`;
  return h(
    "li",
    {},
    h(
      "div",
      {},
      h("h2", {}, experiment.title || experiment.name),
      h("p", {}, experiment.verdict || h("span", { class: "quietly" }, experiment.finished ? "No verdict." : "Not finished yet.")),
      h("p", { class: "quietly" }, experiment.name),
    ),
    experiment.report === false ? null : h("a", { class: "button", href: report, target: "_blank", rel: "noopener" }, "Open the report"),
  );
}
