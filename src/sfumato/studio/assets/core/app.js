// The router: the URL decides which page is shown, links change it without a reload, and leaving a page aborts its work.

import { isAbort } from "./api.js";
import { reachable } from "./connection.js";
import { clearNotices, h } from "./element.js";
import { keys, listKeys } from "./keys.js";
import { withoutPrefix, withPrefix } from "./place.js";

const PAGES = [
  [/^\/$/, () => import("../pages/gallery.js")],
  [/^\/new$/, () => import("../pages/form.js")],
  [/^\/race$/, () => import("../pages/race.js")],
  [/^\/experiments$/, () => import("../pages/experiments.js")],
  [/^\/sweeps\/([^/]+)$/, () => import("../pages/sweep.js")],
  [/^\/runs\/([^/]+)$/, () => import("../pages/run.js")],
  [/^\/runs\/([^/]+)\/layers$/, () => import("../pages/layers.js")],
  [/^\/runs\/([^/]+)\/zoom$/, () => import("../pages/zoom.js")],
];

const RELOADED = "reloaded"; // key in sessionStorage: when the app was last reloaded because a module did not load
const RELOAD_INTERVAL = 10_000; // ms

const main = document.getElementById("main");
const bar = document.querySelector(".top");
let leaving = new AbortController();
let shown = "";

/** Go to a page; resolves when it is on screen. */
export function go(address) {
  history.pushState(null, "", withPrefix(address));
  return show();
}

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { search } = location;
  const pathname = withoutPrefix(location.pathname) ?? "";
  shown = pathname;
  const [match, load] = PAGES.map(([pattern, load]) => [pattern.exec(pathname), load]).find(([found]) => found) ?? [];
  for (const link of document.querySelectorAll(".top nav a")) {
    const there = withoutPrefix(link.pathname);
    const here = there === "/" ? pathname === "/" || pathname === "/race" || pathname.startsWith("/runs/") : pathname.startsWith(there) || pathname.startsWith("/sweeps/");
    here ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  }
  try {
    if (!match) throw new Error("There is no such page here.");
    const name = match[1] === undefined ? undefined : nameIn(match[1]);
    const page = await loadModule(load, signal);
    if (signal.aborted) return;
    const root = h("div", { class: "page" });
    await page.show(root, { name, query: new URLSearchParams(search), signal, go, ready: () => replace(root, signal) });
    replace(root, signal);
  } catch (error) {
    if (isAbort(error) || signal.aborted) return;
    replace(errorPage(error), signal);
  }
}

/** Decode a run's name from the path. */
function nameIn(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error("There is no run of that name.");
  }
}

/** Load a page's module, and retry when the studio responds again. */
async function loadModule(load, signal) {
  try {
    return await load();
  } catch {
    signal.throwIfAborted();
    await reachable(signal);
  }
  try {
    return await load();
  } catch (error) {
    signal.throwIfAborted();
    // Some browsers cache the failure of a module until the whole page is reloaded.
    if (justReloaded()) throw new Error(`A part of this page did not load: ${error.message}.`);
    location.reload();
    return new Promise(() => {});
  }
}

/** Return whether the app was reloaded a moment ago, and record that it is now. */
function justReloaded() {
  try {
    const before = Number(sessionStorage.getItem(RELOADED));
    sessionStorage.setItem(RELOADED, Date.now());
    return Date.now() - before < RELOAD_INTERVAL;
  } catch {
    return true;
  }
}

/** Show a page when it is complete, so that nothing jumps while its parts arrive. */
function replace(root, signal) {
  if (signal.aborted || main.firstChild === root) return;
  main.replaceChildren(root);
  clearNotices();
  const heading = root.querySelector("h1");
  document.title = heading ? `${heading.textContent} · Sfumato` : "Sfumato";
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

function errorPage(error) {
  return h(
    "div",
    { class: "empty" },
    h("h1", {}, "This page cannot be shown"),
    h("p", { class: "lead problem", role: "alert" }, error.message),
    h("p", { class: "row center" }, h("button", { type: "button", onclick: show }, "Try again"), h("a", { class: "button", href: "/" }, "All runs")),
  );
}

// Elements that stick below the top bar need its height, which depends on the font and on its content.
new ResizeObserver(() => document.documentElement.style.setProperty("--top", `${bar.offsetHeight}px`)).observe(bar);

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.target || link.hasAttribute("download") || link.hash) return;
  if (!PAGES.some(([pattern]) => pattern.test(withoutPrefix(link.pathname) ?? ""))) return;
  event.preventDefault();
  go(link.href);
});
addEventListener("popstate", () => {
  // A page that only changed its own query (replaceState) has the same path.
  if (withoutPrefix(location.pathname) !== shown || !location.hash) show();
});

const THEMES = { auto: ["◐", "system"], light: ["○", "light"], dark: ["●", "dark"] };
const themeButton = document.getElementById("theme");
function theme() {
  try {
    return localStorage.getItem("theme") ?? "auto";
  } catch {
    return "auto";
  }
}
function showTheme() {
  const [sign, words] = THEMES[theme()] ?? THEMES.auto;
  themeButton.textContent = sign;
  themeButton.setAttribute("aria-label", `Colors: ${words}`);
  themeButton.title = `Colors: ${words}`;
}
themeButton.addEventListener("click", () => {
  const order = Object.keys(THEMES);
  try {
    localStorage.setItem("theme", order[(order.indexOf(theme()) + 1) % order.length]);
  } catch {
    return;
  }
  document.dispatchEvent(new Event("choose-theme"));
  showTheme();
});
showTheme();

document.getElementById("keys").addEventListener("click", listKeys);
keys(null, [
  { keys: ["?"], label: "?", help: "List the keyboard shortcuts", run: listKeys },
  { keys: ["n"], label: "n", help: "New run", run: () => go("/new") },
  { keys: ["g"], label: "g", help: "Gallery of all runs", run: () => go("/") },
]);

show();
