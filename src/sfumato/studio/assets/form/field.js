// One field of a recipe as a control, made from the server's description; no field is treated specially here.

import { calls, equalValues, parsed, written } from "./call.js";
import { h } from "../core/element.js";

const NONE = "none"; // how recipes write an optional field without a value
const LIST = "list"; // the entry of a field that takes several calls, which are then typed; no choice has this name

/**
  * spec: {path, title, help, kind, default, low, high, optional, list, choices}. changed(text) is called at every edit.
  * Return {element, text, set(text), normal(text), fail(problem)}.
 */
export function field(spec, changed) {
  const id = `field-${spec.path.replaceAll(".", "-")}`;
  const problem = h("p", { class: "problem", id: `${id}-problem`, role: "alert" });
  const make = { flag, choice, call }[spec.kind] ?? number;
  const control = make(spec, id, () => changed());
  control.input.setAttribute("aria-describedby", `${id}-help ${id}-problem`);
  const element = h(
    "div",
    { class: `field ${spec.kind}`, data: { path: spec.path } },
    h("label", { for: id }, spec.title),
    control.element,
    h("p", { class: "help", id: `${id}-help` }, marked(spec.help ?? "")),
    control.more ?? null,
    problem,
  );
  return {
    element,
    get text() {
      return control.text();
    },
    set: control.set,
    normal: control.normal ?? ((text) => text),
    fail(text) {
      problem.textContent = text ?? "";
      text ? control.input.setAttribute("aria-invalid", "true") : control.input.removeAttribute("aria-invalid");
    },
    focus: () => control.input.focus(),
  };
}

/** A line of help, with text between backticks as code. */
const marked = (text) => text.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));

function number(spec, id, changed) {
  const typed = spec.kind === "integer" || spec.kind === "number";
  // Not type=number: the server must receive the text as it is typed, to report what is wrong with it.
  const input = h("input", { type: "text", id, value: "", inputmode: typed ? "decimal" : "text", autocomplete: "off", spellcheck: "false", maxlength: "200", placeholder: spec.optional ? "none" : "" });
  const range = slider(spec);
  const words = listed(input, id, spec.choices);
  const show = () => range && (range.value = scaled(range, input.value));
  input.addEventListener("input", () => {
    show();
    changed();
  });
  range?.addEventListener("input", () => {
    input.value = unscaled(range);
    changed();
  });
  const set = (text) => {
    input.value = spec.optional && text === NONE ? "" : (text ?? "");
    show();
  };
  set(spec.default);
  return {
    input,
    element: h("div", { class: range ? "with-range" : "" }, range, input, words),
    text: () => input.value.trim() || (spec.optional ? NONE : ""),
    set,
  };
}

/** A list of the words that a field takes besides numbers, such as "all"; null where there are none. */
function listed(input, id, choices) {
  if (input.tagName !== "INPUT" || input.type !== "text" || !choices?.length) return null;
  const words = h("datalist", { id: `${id}-words` }, choices.map((each) => h("option", { value: each.name })));
  input.setAttribute("list", words.id);
  return words;
}

/** A slider next to a number with a default: it goes up to four times that, and larger values are typed. */
function slider(spec) {
  const usual = Number(spec.default);
  const whole = spec.kind !== "number";
  if (spec.default === "" || !Number.isFinite(usual)) return null;
  const bounded = Number.isFinite(spec.low) && Number.isFinite(spec.high) && spec.high <= 1;
  if (!bounded && !(usual > 1)) return null;
  const low = Math.max(spec.low ?? 1, usual > 20 ? 1 : 0);
  const high = bounded ? spec.high : Math.min(spec.high ?? Infinity, 4 * usual);
  const range = h("input", { type: "range", min: low, max: high, step: bounded ? (high - low) / 100 : whole ? 1 : usual / 20, "aria-label": `${spec.title}, slider`, tabindex: "-1" });
  range.dataset.whole = bounded ? "" : "1";
  return range;
}
const scaled = (range, text) => String(Number(text) || range.min);
const unscaled = (range) => (range.dataset.whole ? range.value : String(Number(Number(range.value).toFixed(4))));

function flag(spec, id, changed) {
  const input = h("input", { type: "checkbox", id, checked: String(spec.default) === "true", onchange: changed });
  return { input, element: input, text: () => String(input.checked), set: (text) => (input.checked = String(text) === "true") };
}

function choice(spec, id, changed) {
  const options = spec.choices.map((each) => h("option", { value: each.name }, each.name));
  if (spec.optional) options.unshift(h("option", { value: "" }, "none"));
  const input = h("select", { id, onchange: changed }, options);
  const set = (text) => {
    input.value = text ?? "";
    if (input.selectedIndex < 0) input.selectedIndex = 0;
  };
  set(String(spec.default ?? ""));
  return { input, element: input, text: () => input.value, set };
}

function call(spec, id, changed) {
  const byName = new Map(spec.choices.map((each) => [each.name, each]));
  const parameters = (name) => byName.get(name)?.parameters ?? [];
  const about = h("p", { class: "help" });
  const inside = h("div", { class: "parameters" });
  const options = spec.choices.map((each) => h("option", { value: each.name }, each.name));
  if (spec.list) options.push(h("option", { value: LIST }, "one per layer"));
  const input = h("select", { id, onchange: choose }, options);
  let values = {};
  let chosen = "";
  let typed = "";

  function choose() {
    // A list begins with the call that it replaces.
    if (input.value === LIST) typed = written(chosen, values, parameters(chosen));
    fill({});
    changed();
  }

  function fill(given) {
    chosen = input.value;
    if (chosen === LIST) {
      const keep = (event) => {
        typed = event.target.value.trim();
        changed();
      };
      about.replaceChildren(...marked(`Separated by commas, such as \`${spec.choices[0].name},${spec.choices[1].name}\`.`));
      inside.replaceChildren(h("label", {}, h("span", {}, "From the first layer"), h("input", { type: "text", value: typed, autocomplete: "off", spellcheck: "false", "aria-label": `${spec.title} of each layer`, oninput: keep })));
      return;
    }
    values = Object.fromEntries(parameters(input.value).map((each) => [each.name, given[each.name] ?? String(each.default ?? "")]));
    about.replaceChildren(...marked(byName.get(input.value)?.help ?? ""));
    inside.replaceChildren(...parameters(input.value).map(parameter));
  }

  function parameter(each) {
    const label = `${spec.title} ${each.title}`;
    const keep = (text) => {
      values[each.name] = text;
      changed();
    };
    let control;
    if (each.kind === "flag") control = h("input", { type: "checkbox", checked: values[each.name] === "true", onchange: () => keep(String(control.checked)) });
    else if (each.kind === "choice") {
      control = h("select", { onchange: () => keep(control.value) }, each.choices.map((one) => h("option", { value: one.name ?? one }, one.name ?? one)));
      control.value = values[each.name];
    } else control = h("input", { type: "text", value: values[each.name], inputmode: "decimal", autocomplete: "off", maxlength: "60", oninput: () => keep(control.value.trim()) });
    control.setAttribute("aria-label", label);
    return h("label", { title: each.help ?? "" }, h("span", {}, each.title), control, listed(control, `${id}-${each.name}`, each.choices));
  }

  const isList = (text) => spec.list && calls(text).length > 1;
  // A recipe may write 0 for the first choice: no split.
  const parse = (text) => parsed(text && Number(text) === 0 ? spec.choices[0].name : text, parameters);
  const one = (text) => {
    const read = parse(text);
    return written(read.name, read.values, parameters(read.name));
  };
  const normal = (text) => (isList(text) ? calls(text).map(one).join(",") : one(text));
  function set(text) {
    if (isList(text)) {
      [input.value, typed] = [LIST, text];
      return fill({});
    }
    const read = parse(text);
    input.value = read.name;
    if (input.selectedIndex < 0) input.selectedIndex = 0;
    fill(read.values);
  }
  set(spec.default);
  return {
    input,
    element: input,
    more: h("div", { class: "more" }, about, inside),
    text: () => (input.value === LIST ? typed : written(input.value, values, parameters(input.value))),
    set,
    normal,
  };
}

/** Whether two texts of a field have the same value. */
export const same = (control, one, other) => equalValues(control.normal(one ?? ""), control.normal(other ?? ""));
