// The configurations inside of the brushes as a table, sorted by any column.

import { h } from "../core/element.js";
import { count } from "../core/format.js";

const MOST = 50;

/** mark(number) is called for the row under the pointer, null for none. */
export function table({ mark }) {
  const head = h("tr", {});
  const body = h("tbody", { class: "figure" });
  const shown = h("p", { class: "quietly figure" });
  const element = h(
    "section",
    { class: "part" },
    h("header", {}, h("h2", {}, "Table"), shown),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of configurations" }, h("table", { class: "trials" }, h("thead", {}, head), body)),
  );
  let sort = null; // {name, down}
  let last = null;
  let names = "";

  function columns({ objectives, results, parameters }) {
    const others = results.filter((axis) => !objectives.includes(axis));
    const axes = [...objectives, ...parameters, ...others].map((axis) => ({ name: axis.name, title: axis.title, value: (row) => axis.values[row.at], text: (row) => axis.text(row.at), choices: axis.choices }));
    return [
      { name: "trial", title: "trial", value: (row) => row.number, text: (row) => String(row.number) },
      ...axes,
      { name: "state", title: "state", value: (row) => row.state, text: (row) => row.state, choices: true },
    ];
  }

  function press(name) {
    sort = { name, down: sort?.name === name ? !sort.down : name !== "trial" && name !== "state" };
    draw();
  }

  function draw() {
    const { found, passes, better } = last;
    const all = columns(found);
    const now = all.map((column) => column.name).join("\n");
    sort ??= { name: found.objectives[0]?.name ?? "trial", down: better === "maximize" };
    if (now !== names) {
      names = now;
      head.replaceChildren(...all.map((column) => h("th", { scope: "col", data: { column: column.name }, class: column.choices ? "" : "number" }, h("button", { type: "button", title: column.name, onclick: () => press(column.name) }, column.title))));
    }
    all.forEach((column, at) => (column.name === sort.name ? head.children[at].setAttribute("aria-sort", sort.down ? "descending" : "ascending") : head.children[at].removeAttribute("aria-sort")));
    const by = all.find((column) => column.name === sort.name) ?? all[0];
    const rows = found.rows.filter(passes).sort((one, other) => compared(by.value(one), by.value(other), sort.down) || one.number - other.number);
    shown.textContent = rows.length > MOST ? `the first ${MOST} of ${count(rows.length)}` : rows.length === 1 ? "1 configuration" : `${rows.length} configurations`;
    body.replaceChildren(
      ...rows.slice(0, MOST).map((row) =>
        h(
          "tr",
          { data: { number: row.number, state: row.state }, onpointerenter: () => mark(row.number), onpointerleave: () => mark(null) },
          all.map((column) => h("td", { class: column.choices ? "" : "number" }, column.text(row))),
        ),
      ),
    );
  }

  return {
    element,
    show(found, passes, better) {
      last = { found, passes, better };
      draw();
    },
  };
}

/** Compare two values; those that are missing come last in either direction. */
function compared(one, other, down) {
  if (one === null || other === null || one === undefined || other === undefined) return (one ?? null) === (other ?? null) ? 0 : (one ?? null) === null ? 1 : -1;
  const order = one < other ? -1 : one > other ? 1 : 0;
  return down ? -order : order;
}
