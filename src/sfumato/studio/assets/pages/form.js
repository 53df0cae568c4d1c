// The form of a new run, or a race of several: fields are made from the recipe's schema, and the URL holds the form.

import { Actions } from "../core/action.js";
import { formPage, racePage, runPage } from "../core/addresses.js";
import { get, post } from "../core/api.js";
import { arms } from "../form/arms.js";
import { h, notice } from "../core/element.js";
import { field, same } from "../form/field.js";
import { keys } from "../core/keys.js";
import { messages } from "../core/messages.js";
import { withPrefix } from "../core/place.js";
import { picker } from "../form/picker.js";
import { uploads } from "../form/sent.js";
import { preview } from "../form/preview.js";
import { plotly } from "../charts/plot_program.js";
import { replaced } from "../form/replaced.js";

const OPEN = ["model", "training", "budget"];
const PICTURE = "picture";
const BUDGET = "budget"; // a change of one of its fields replaces the preset's whole budget
const NONE = "none";
const IDLE = 600; // ms, in browsers without requestIdleCallback
const SOURCE = "picture.source"; // set by the picker

export async function show(root, { query, signal, go }) {
  const form = await get("/api/form", signal);
  const presets = new Map(form.presets.map((preset) => [preset.name, preset]));
  const controls = new Map();
  const problems = messages();
  const side = preview(signal);
  const actions = new Actions({ began: () => (problems.say("start", ""), side.quiet()), failed: startFailed });
  const before = replaced(take);

  const preset = h("select", { id: "preset", "aria-describedby": "preset-help", onchange: takePreset }, form.presets.map((each) => h("option", { value: each.name }, each.name)));
  const about = h("p", { class: "help", id: "preset-help" });
  let chosen = preset.value;
  const pick = (source) => (controls.get(SOURCE)?.set(source), changed());
  const pictures = picker(form.pictures ?? [], { signal, pick });
  const sections = form.sections.map(section);
  pictures.element.append(uploads({ signal, pick, release }));
  pictures.element.append(...sections.filter((each) => each.name === PICTURE).map((each) => each.element));
  const line = arms({ now, open, changed: remember, start: race, actions });
  const start = actions.button("Start painting", paint, { busy: "Starting", type: "submit", class: "main" });
  const address = h("button", { type: "button", class: "quiet", onclick: share }, "Copy link");
  const body = h(
    "form",
    { class: "asking", novalidate: true, onsubmit: (event) => (event.preventDefault(), start.run()) },
    h(
      "div",
      { class: "asked" },
      pictures.element,
      h("section", { class: "fields" }, h("h2", {}, "Recipe"), h("div", { class: "field" }, h("label", { for: "preset" }, "Preset"), preset, about, before.element)),
      sections.filter((each) => each.name !== PICTURE).map((each) => each.element),
    ),
    h(
      "div",
      { class: "side" },
      side.element,
      h("div", { class: "start" }, problems.element, h("div", { class: "row" }, start, line.add, address)),
      line.element,
    ),
  );
  root.append(h("h1", {}, "New run"), body);

  function section({ name, title, help, fields }) {
    const made = fields.map((spec) => {
      const control = field(spec, changed);
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

  /** Choose the preset's picture if this one is chosen; return whether it was. */
  function release(source) {
    const wasChosen = controls.get(SOURCE)?.text === source;
    if (wasChosen) pick(base()[SOURCE] ?? "");
    return wasChosen;
  }

  /** The current recipe of the form: {preset, changes}. */
  function now() {
    const all = [...controls].map(([path, control]) => [path, control.text]);
    const changes = Object.fromEntries(all.filter(([path, text]) => !same(controls.get(path), text, base()[path])));
    if (Object.keys(changes).some(isBudget)) Object.assign(changes, Object.fromEntries(all.filter(([path, text]) => isBudget(path) && text !== NONE)));
    return { preset: preset.value, changes };
  }

  /** Fill the form with {preset, changes}. */
  function take(arm) {
    const known = presets.has(arm.preset);
    const unknown = [...(known || !arm.preset ? [] : [`the preset ${arm.preset}`]), ...Object.keys(arm.changes).filter((path) => !controls.has(path))];
    problems.say("unknown", unknown.length ? `The form does not know ${unknown.join(", ")}, and ignores it.` : "");
    preset.value = chosen = known ? arm.preset : form.presets[0].name;
    const budget = Object.keys(arm.changes).some(isBudget);
    for (const [path, control] of controls) control.set(arm.changes[path] ?? (budget && isBudget(path) ? NONE : (base()[path] ?? "")));
    for (const each of sections) if (each.paths.some((path) => path in arm.changes && path !== SOURCE)) each.element.open = true;
    changed();
  }

  /** Take another preset: changes by hand are kept, and a line offers to drop them. */
  function takePreset() {
    const wanted = preset.value;
    preset.value = chosen;
    const { changes } = now();
    take({ preset: wanted, changes });
    const kept = { ...now().changes };
    delete kept[SOURCE];
    if (!Object.keys(kept).length) return before.clear();
    const source = changes[SOURCE];
    before.say("Your changes are kept:", kept, "Drop them", { preset: wanted, changes: source ? { [SOURCE]: source } : {} });
  }

  /** Show an arm in the form, and offer to restore what the form had. */
  function open(arm) {
    const shown = now();
    take(arm);
    before.say("The form shows the arm. Before, it had:", shown.changes, "Put that back", shown);
  }

  function remember() {
    const page = new URL(withPrefix(formPage(now(), form.presets[0].name)), location);
    for (const arm of line.all) page.searchParams.append("arm", new URLSearchParams({ preset: arm.preset, ...arm.changes }));
    history.replaceState(null, "", page);
  }

  function changed() {
    before.clear();
    const recipe = now();
    about.textContent = presets.get(preset.value)?.help ?? "";
    for (const each of sections) each.say(recipe.changes);
    pictures.show(controls.get(SOURCE)?.text ?? "");
    remember();
    side.show(recipe, showProblem);
  }

  /** Show what is wrong with the recipe: at its field, or next to the button. */
  function showProblem(text, path) {
    for (const control of controls.values()) control.fail("");
    const control = controls.get(path);
    if (control && text) {
      control.fail(text);
      control.element.closest("details").open = true;
    }
    problems.say("recipe", control ? "" : text);
  }

  /** Show why a run was not started until the next try, and show the preview again. */
  function startFailed(error) {
    side.show(now(), showProblem);
    problems.say("start", error.message);
    controls.get(error.field)?.focus();
  }

  async function paint() {
    const { name } = await post("/api/runs", now(), signal);
    await go(runPage(name));
  }

  async function race(all) {
    const { names } = await post("/api/race", { arms: all }, signal);
    await go(racePage(names));
  }

  async function share() {
    try {
      await navigator.clipboard.writeText(location.href);
      notice("The link to this form was copied.");
    } catch {
      notice("The page's URL contains this form; copy it from there.");
    }
  }

  keys(signal, [{ keys: ["Escape"], label: "Esc", help: "Back to the gallery", run: () => go("/") }]);
  line.take(query.getAll("arm").map((text) => armOf(new URLSearchParams(text))));
  take(armOf(query));
  // A person who changes something here may start a run, whose page has charts. Load Plotly, which is large, now: beside
  // a training it would delay the live view.
  for (const kind of ["input", "click"]) body.addEventListener(kind, () => whenIdle(() => plotly().catch(() => {}), signal), { once: true, signal });
}

/** Run work when the page is idle, unless it was left. */
function whenIdle(work, signal) {
  const unlessLeft = () => signal.aborted || work();
  window.requestIdleCallback ? requestIdleCallback(unlessLeft) : setTimeout(unlessLeft, IDLE);
}

const isBudget = (path) => path.startsWith(`${BUDGET}.`);

/** Return {preset, changes} from a URL's query. */
function armOf(query) {
  const changes = Object.fromEntries(query);
  const { preset = "" } = changes;
  delete changes.preset;
  delete changes.arm;
  return { preset, changes };
}
