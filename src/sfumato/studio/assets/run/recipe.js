// A run's recipe, to be read and copied, and its findings.

import { copyable, h } from "../core/element.js";

/** The list of findings; hidden if there are none. */
export function findings() {
  const list = h("ul", { class: "findings" });
  const element = h("section", { class: "part", hidden: true }, h("header", {}, h("h2", {}, "Findings")), list);
  return {
    element,
    show(run) {
      const all = [...(run.findings ?? []), ...(run.problem ? [run.problem] : [])];
      element.hidden = !all.length;
      list.replaceChildren(...all.map((each) => h("li", { data: { level: each.level ?? "" } }, each.text ?? each)));
    },
  };
}

export function recipePart() {
  const texts = h("div", { class: "texts" });
  const files = h("p", { class: "row" });
  const facts = h("dl", { class: "facts" });
  const element = h(
    "section",
    { class: "part two" },
    h("div", {}, h("header", {}, h("h2", {}, "Recipe")), texts),
    h("div", {}, h("header", {}, h("h2", {}, "Provenance")), facts, files),
  );
  let before = "";
  return {
    element,
    show(run) {
      const now = JSON.stringify([run.text, run.string, run.files, run.provenance]);
      if (now === before) return;
      before = now;
      texts.replaceChildren(
        ...(run.string ? [h("h3", {}, "In one line"), copyable(run.string, "the recipe's string")] : []),
        ...(run.text ? [h("h3", {}, "As a file"), copyable(run.text, "the recipe's text")] : []),
      );
      const links = [["film", "Film"], ["curve", "Curve"]].filter(([kind]) => run.files?.[kind]);
      files.replaceChildren(...links.map(([kind, text]) => h("a", { class: "button", href: run.files[kind], download: true }, `Download the ${text.toLowerCase()}`)));
      const pairs = [["folder", run.shown], ...Object.entries(run.provenance ?? {})].filter(([, value]) => value !== null && value !== "" && typeof value !== "object");
      facts.replaceChildren(...pairs.map(([key, value]) => [h("dt", {}, key.replaceAll("_", " ")), h("dd", {}, String(value))]).flat());
    },
  };
}
