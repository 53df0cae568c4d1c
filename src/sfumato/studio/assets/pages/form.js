// Ask for a run, or a race of several: every field is made from the recipe's own schema, and the address holds them all.

import { get, left, post } from "../core/api.js";
import { arms } from "../form/arms.js";
import { h, notice } from "../core/element.js";
import { field, same } from "../form/field.js";
import { keys } from "../core/keys.js";
import { placed } from "../core/place.js";
import { picker } from "../form/picker.js";
import { sent } from "../form/sent.js";
import { outlook } from "../form/outlook.js";
import { plotly } from "../charts/plot_program.js";

const OPEN = ["model", "training", "budget"];
const PICTURE = "picture";
const START = "Start painting";
const STARTING = "Starting …";
const SOURCE = "picture.source"; // which the picker holds

export async function show(root, { query, signal, go }) {
  const form = await get("/api/form", signal);
  const presets = new Map(form.presets.map((preset) => [preset.name, preset]));
  const controls = new Map();
  const problem = h("p", { class: "problem", role: "alert" });
  const side = outlook(signal);

  const preset = h("select", { id: "preset", "aria-describedby": "preset-help", onchange: takePreset }, form.presets.map((each) => h("option", { value: each.name }, each.name)));
  const about = h("p", { class: "help", id: "preset-help" });
  const pictures = picker(form.pictures ?? [], { signal, pick: (source) => (controls.get(SOURCE)?.set(source), moved()) });
  const sections = form.sections.map(section);
  pictures.element.append(sent({ signal, pick: (source) => (controls.get(SOURCE)?.set(source), moved()) }));
  pictures.element.append(...sections.filter((each) => each.name === PICTURE).map((each) => each.element));
  const line = arms({ now, open: (arm) => take(arm), changed: remember, start: race });
  const start = h("button", { type: "submit", class: "main" }, START);
  const address = h("button", { type: "button", class: "quiet", onclick: share }, "Copy link");
  const body = h(
    "form",
    { class: "asking", novalidate: true, onsubmit: (event) => (event.preventDefault(), paint()) },
    h(
      "div",
      { class: "asked" },
      pictures.element,
      h("section", { class: "fields" }, h("h2", {}, "Recipe"), h("div", { class: "field" }, h("label", { for: "preset" }, "Preset"), preset, about)),
      sections.filter((each) => each.name !== PICTURE).map((each) => each.element),
    ),
    h(
      "div",
      { class: "side" },
      side.element,
      h("div", { class: "start" }, problem, h("div", { class: "row" }, start, line.add, address)),
      line.element,
    ),
  );
  root.append(h("h1", {}, "New run"), body);

  function section({ name, title, help, fields }) {
    const made = fields.map((spec) => {
      const control = field(spec, moved);
      controls.set(spec.path, control);
      return control;
    });
    const count = h("span", { class: "quietly" });
    const element = h(
      "details",
      { class: "fields", open: OPEN.includes(name), data: { section: name } },
      h("summary", {}, name === PICTURE ? h("h3", {}, "More about the picture") : h("h2", {}, title || name), count),
      help && name !== PICTURE ? h("p", { class: "help" }, help) : null,
      h("div", { class: "grid" }, made.map((each) => each.element)),
    );
    return {
      name,
      element,
      paths: fields.map((spec) => spec.path),
      say(changes) {
        const number = this.paths.filter((path) => path in changes && path !== SOURCE).length;
        count.textContent = number ? `${number} changed` : "";
      },
    };
  }

  const base = () => presets.get(preset.value)?.values ?? {};

  /** What the form says now: {preset, changes}. */
  function now() {
    const changes = {};
    for (const [path, control] of controls) if (!same(control, control.text, base()[path])) changes[path] = control.text;
    return { preset: preset.value, changes };
  }

  /** Fill the form with {preset, changes}. */
  function take(arm) {
    preset.value = presets.has(arm.preset) ? arm.preset : form.presets[0].name;
    for (const [path, control] of controls) control.set(arm.changes[path] ?? base()[path] ?? "");
    for (const each of sections) if (each.paths.some((path) => path in arm.changes && path !== SOURCE)) each.element.open = true;
    moved();
  }

  function takePreset() {
    const source = controls.get(SOURCE)?.text;
    take({ preset: preset.value, changes: source ? { [SOURCE]: source } : {} });
  }

  function remember() {
    const { changes } = now();
    const kept = new URLSearchParams(preset.value === form.presets[0].name ? {} : { preset: preset.value });
    for (const [path, text] of Object.entries(changes)) kept.set(path, text);
    for (const arm of line.all) kept.append("arm", new URLSearchParams({ preset: arm.preset, ...arm.changes }));
    history.replaceState(null, "", placed(kept.size ? `/new?${kept}` : "/new"));
  }

  function moved() {
    const asked = now();
    about.textContent = presets.get(preset.value)?.help ?? "";
    for (const each of sections) each.say(asked.changes);
    pictures.show(controls.get(SOURCE)?.text ?? "");
    remember();
    side.show(asked, blame);
  }

  /** Say a problem where it is: at the field, or beside the button. */
  function blame(text, path) {
    for (const control of controls.values()) control.fail("");
    const control = controls.get(path);
    if (control && text) {
      control.fail(text);
      control.element.closest("details").open = true;
    }
    problem.textContent = text && !control ? text : "";
    start.disabled = false;
    start.textContent = START;
  }

  async function paint() {
    start.disabled = true;
    start.textContent = STARTING;
    side.quiet();
    try {
      const { name } = await post("/api/runs", now(), signal);
      go(`/runs/${encodeURIComponent(name)}`);
    } catch (error) {
      if (left(error)) return;
      blame(error.message, error.field);
      controls.get(error.field)?.focus();
    }
  }

  async function race(all) {
    side.quiet();
    try {
      const { names } = await post("/api/race", { arms: all }, signal);
      go(`/race?runs=${names.map(encodeURIComponent).join(",")}`);
    } catch (error) {
      if (!left(error)) blame(error.message, error.field);
    }
  }

  async function share() {
    try {
      await navigator.clipboard.writeText(location.href);
      notice("The address with this whole form is copied.");
    } catch {
      notice("The page's address holds this whole form; copy it from there.");
    }
  }

  keys(signal, [{ keys: ["Escape"], shown: "Esc", says: "Back to the gallery", run: () => go("/") }]);
  line.take(query.getAll("arm").map((text) => armOf(new URLSearchParams(text))));
  take(armOf(query));
  // The charts' large program is loaded here, where nothing trains yet: beside a training it would hold the live view up.
  const early = setTimeout(() => plotly().catch(() => {}), 600);
  signal.addEventListener("abort", () => clearTimeout(early));
}

/** {preset, changes} as an address's query has it. */
function armOf(query) {
  const changes = Object.fromEntries(query);
  const { preset = "" } = changes;
  delete changes.preset;
  delete changes.arm;
  return { preset, changes };
}
