// All runs as cards. The URL holds search words, sort order, and page; the selection is kept across pages.

import { Actions } from "../core/action.js";
import { racePage } from "../core/addresses.js";
import { get, isAbort, post } from "../core/api.js";
import { card } from "../gallery/card.js";
import { confirmDialog, radioGroup, h, notice } from "../core/element.js";
import { messages } from "../core/messages.js";
import { keys } from "../core/keys.js";
import { withPrefix } from "../core/place.js";
import { count } from "../core/format.js";

const SORTS = [["started", "Newest"], ["psnr", "PSNR"], ["seconds", "Seconds"], ["name", "Name"]];
const SIZE = 60;
const MAX_IN_RACE = 8;
const PATIENCE = 300; // ms after which the page says that it is loading
const REFRESH_INTERVAL = 2500; // ms between refreshes, for runs of other processes

export async function show(root, { query, signal, go, ready }) {
  const filters = {
    words: query.get("words") ?? "",
    sort: query.get("sort") ?? "started",
    page: Math.min(1e9, Math.max(1, Math.trunc(Number(query.get("page"))) || 1)),
  };
  const selected = new Set();
  const cards = new Map();
  let asking = new AbortController();
  let underWay = null;

  const search = h("input", { type: "search", placeholder: "Filter by words", "aria-label": "Filter runs by words", value: filters.words, maxlength: "200" });
  const total = h("p", { class: "quietly figure", role: "status" });
  const grid = h("ul", { class: "cards", "aria-label": "Runs" });
  const problems = messages();
  const actions = new Actions({ began: () => problems.say("delete", ""), failed: (error) => problems.say("delete", error.message) });
  const pages = h("nav", { class: "pages row", "aria-label": "Pages" });
  const chosen = h("p", { class: "figure" });
  const race = h("button", { type: "button", class: "main", onclick: () => go(racePage([...selected])) }, "Race");
  const removal = actions.button("Delete…", remove, { busy: "Deleting", before: confirmRemoval, class: "danger" });
  const bar = h(
    "div",
    { class: "selection", role: "region", "aria-label": "Selected runs", hidden: true },
    chosen,
    race,
    removal,
    h("button", { type: "button", class: "quiet", onclick: clear }, "Clear"),
  );
  const head = h(
    "header",
    { class: "gallery-head" },
    h("h1", {}, "Runs"),
    total,
    h("div", { class: "row" }, search, radioGroup("Sort by", SORTS, filters.sort, (sort) => change({ sort, page: 1 }))),
  );
  const emptyState = h("div", { hidden: true });
  root.append(head, problems.element, emptyState, grid, pages, bar);

  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => change({ words: search.value.trim(), page: 1 }), 150);
  });

  async function change(changes) {
    Object.assign(filters, changes);
    const params = new URLSearchParams();
    if (filters.words) params.set("words", filters.words);
    if (filters.sort !== "started") params.set("sort", filters.sort);
    if (filters.page > 1) params.set("page", filters.page);
    history.replaceState(null, "", withPrefix(params.size ? `/?${params}` : "/"));
    await refresh();
  }

  async function refresh() {
    asking.abort();
    const mine = (asking = new AbortController());
    underWay = mine;
    const wanted = new URLSearchParams({ words: filters.words, sort: filters.sort, page: filters.page, size: SIZE });
    try {
      const found = await get(`/api/runs?${wanted}`, AbortSignal.any([signal, mine.signal]));
      problems.say("runs", "");
      fill(found);
    } catch (error) {
      if (!isAbort(error)) problems.say("runs", error.message);
    } finally {
      if (underWay === mine) underWay = null;
    }
  }

  function fill(found) {
    const { runs } = found;
    total.textContent = found.total === 1 ? "1 run" : `${count(found.total)} runs`;
    const names = new Set(runs.map((run) => run.name));
    for (const [name, each] of cards) {
      if (names.has(name)) continue;
      each.element.remove();
      cards.delete(name);
    }
    runs.forEach((run, at) => {
      let each = cards.get(run.name);
      if (!each) {
        each = card(run.name, (on) => mark(run.name, on));
        cards.set(run.name, each);
      }
      each.show(run, selected.has(run.name));
      if (grid.children[at] !== each.element) grid.insertBefore(each.element, grid.children[at] ?? null);
    });
    const bare = found.total === 0;
    emptyState.hidden = !bare;
    head.classList.toggle("unseen", bare && !filters.words);
    if (bare) emptyState.replaceChildren(filters.words ? noMatch(filters.words) : welcome());
    turnPages(found);
  }

  function turnPages({ page, pages: last, total: all }) {
    pages.hidden = last <= 1;
    const to = (number, text) =>
      h("button", { type: "button", disabled: number < 1 || number > last, onclick: () => change({ page: number }).then(() => scrollTo(0, 0)) }, text);
    const first = (page - 1) * SIZE + 1;
    const place = h("span", { class: "quietly figure" }, `${count(first)}–${count(Math.min(page * SIZE, all))} of ${count(all)}`);
    const focused = pages.contains(document.activeElement) ? [...pages.children].indexOf(document.activeElement) : -1;
    pages.replaceChildren(to(1, "First"), to(page - 1, "Back"), place, to(page + 1, "Next"), to(last, "Last"));
    if (focused >= 0) pages.children[focused].focus();
  }

  function mark(name, on) {
    on ? selected.add(name) : selected.delete(name);
    cards.get(name)?.mark(on);
    bar.hidden = selected.size === 0;
    root.classList.toggle("selecting", selected.size > 0);
    chosen.textContent = `${selected.size} selected`;
    race.disabled = selected.size < 2 || selected.size > MAX_IN_RACE;
    race.title = race.disabled ? `A race has 2 to ${MAX_IN_RACE} runs` : "";
  }

  function clear() {
    for (const name of [...selected]) mark(name, false);
  }

  function confirmRemoval() {
    const [what, whose] = selected.size === 1 ? ["this run", "its folder"] : [`these ${selected.size} runs`, "their folders"];
    return confirmDialog(`Delete ${what}?`, `Weights, films, and everything else in ${whose} will be deleted permanently.`, "Delete");
  }

  async function remove() {
    const { deleted, refused } = await post("/api/runs/delete", { names: [...selected] }, signal);
    deleted.forEach((name) => mark(name, false));
    if (deleted.length) notice(deleted.length === 1 ? "1 run deleted." : `${deleted.length} runs deleted.`);
    problems.say("delete", refused.map((each) => `${each.shown} was not deleted: ${each.problem}`).join(" "));
    await refresh();
  }

  /** Move the focus from card to card with the arrow keys, as the cards lie on screen. */
  function moveFocus(event) {
    const links = [...grid.querySelectorAll("a.picture")];
    const at = links.findIndex((link) => link.closest("li").contains(document.activeElement));
    if (at < 0) return links[0]?.focus();
    const wide = links.filter((link) => link.closest("li").offsetTop === links[0].closest("li").offsetTop).length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide }[event.key];
    links[Math.min(links.length - 1, Math.max(0, at + step))].focus();
  }

  keys(signal, [
    { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], label: "← → ↑ ↓", help: "Move from run to run", run: moveFocus },
    { keys: ["Enter"], label: "Enter", help: "Open the run", run: () => {} },
    {
      keys: [" ", "x"],
      label: "Space",
      help: "Select the run",
      run: () => {
        const name = document.activeElement?.closest("li")?.dataset.name;
        if (name) mark(name, !selected.has(name));
      },
    },
    { keys: ["/"], label: "/", help: "Filter by words", run: () => search.focus() },
    { keys: ["r"], label: "r", help: "Race the selected runs", run: () => race.disabled || bar.hidden || race.click() },
    { keys: ["Delete"], label: "Delete", help: "Delete the selected runs", run: () => selected.size && removal.run() },
    { keys: ["Escape"], label: "Esc", help: "Clear filter and selection", run: () => (selected.size ? clear() : ((search.value = ""), search.blur(), change({ words: "", page: 1 }))) },
  ]);

  const timer = setInterval(() => document.hidden || underWay || refresh(), REFRESH_INTERVAL);
  document.addEventListener("reachable-again", () => (cards.forEach((each) => each.again()), refresh()), { signal });
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    clearTimeout(typing);
  });
  // The first read of thousands of runs takes some seconds.
  const waiting = setTimeout(() => {
    total.textContent = "Reading the runs…";
    ready();
  }, PATIENCE);
  await refresh();
  clearTimeout(waiting);
}

const welcome = () =>
  h(
    "div",
    { class: "empty" },
    h("h2", {}, "Nothing painted yet"),
    h("p", { class: "lead" }, "Pick a picture and let a network learn it. The first painting is on screen within seconds, and you can watch it sharpen."),
    h("a", { class: "button main", href: "/new" }, "Start a first run"),
    h("code", { class: "quietly" }, "or in a terminal: sfumato paint"),
  );

const noMatch = (words) =>
  h("div", { class: "empty" }, h("p", { class: "lead" }, `No run has all the words “${words}” in its name, picture, recipe or state.`));
