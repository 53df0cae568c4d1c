// Which page is shown: the address decides, links change it without loading anew, leaving a page ends all it began.

import { left } from "./api.js";
import { answering } from "./connection.js";
import { clearNotices, h } from "./element.js";
import { keys, listed } from "./keys.js";
import { own, placed } from "./place.js";

const PAGES = [
  [/^\/$/, () => import("../pages/gallery.js")],
  [/^\/new$/, () => import("../pages/form.js")],
  [/^\/race$/, () => import("../pages/race.js")],
  [/^\/experiments$/, () => import("../pages/experiments.js")],
  [/^\/runs\/([^/]+)$/, () => import("../pages/run.js")],
  [/^\/runs\/([^/]+)\/layers$/, () => import("../pages/layers.js")],
  [/^\/runs\/([^/]+)\/zoom$/, () => import("../pages/zoom.js")],
];

const RELOADED = "reloaded"; // in the session's storage: when a page was last loaded anew for a part of it
const SELDOM = 10_000; // ms

const main = document.getElementById("main");
const bar = document.querySelector(".top");
let leaving = new AbortController();
let shown = "";

/** Resolves when the page is on screen. */
export function go(address) {
  history.pushState(null, "", placed(address));
  return show();
}

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { search } = location;
  const pathname = own(location.pathname) ?? "";
  shown = pathname;
  const [match, load] = PAGES.map(([pattern, load]) => [pattern.exec(pathname), load]).find(([found]) => found) ?? [];
  for (const link of document.querySelectorAll(".top nav a")) {
    const there = own(link.pathname);
    const here = there === "/" ? pathname === "/" || pathname === "/race" || pathname.startsWith("/runs/") : pathname.startsWith(there);
    here ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  }
  try {
    if (!match) throw new Error("There is no such page here.");
    const name = match[1] === undefined ? undefined : nameIn(match[1]);
    const page = await loaded(load, signal);
    if (signal.aborted) return;
    const root = h("div", { class: "page" });
    await page.show(root, { name, query: new URLSearchParams(search), signal, go, ready: () => replace(root, signal) });
    replace(root, signal);
  } catch (error) {
    if (left(error) || signal.aborted) return;
    replace(refusal(error), signal);
  }
}

/** A run's name as an address has it. */
function nameIn(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error("There is no run of that name.");
  }
}

/** A page's program; where it cannot be loaded now, as soon as the studio answers. */
async function loaded(load, signal) {
  try {
    return await load();
  } catch {
    signal.throwIfAborted();
    await answering(signal);
  }
  try {
    return await load();
  } catch (error) {
    signal.throwIfAborted();
    // Some browsers remember that a program did not load: they ask for it again only when all is loaded anew.
    if (lately()) throw new Error(`A part of this page did not load: ${error.message}.`);
    location.reload();
    return new Promise(() => {});
  }
}

/** Whether all was loaded anew a moment ago; from now on it was. */
function lately() {
  try {
    const before = Number(sessionStorage.getItem(RELOADED));
    sessionStorage.setItem(RELOADED, Date.now());
    return Date.now() - before < SELDOM;
  } catch {
    return true;
  }
}

/** Put a page on screen whole, so that nothing jumps while its parts arrive. */
function replace(root, signal) {
  if (signal.aborted || main.firstChild === root) return;
  main.replaceChildren(root);
  clearNotices();
  const heading = root.querySelector("h1");
  document.title = heading ? `${heading.textContent} · Sfumato` : "Sfumato";
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

function refusal(error) {
  return h(
    "div",
    { class: "empty" },
    h("h1", {}, "This cannot be shown"),
    h("p", { class: "lead problem", role: "alert" }, error.message),
    h("p", { class: "row center" }, h("button", { type: "button", onclick: show }, "Try again"), h("a", { class: "button", href: "/" }, "All runs")),
  );
}

// What sticks below the bar knows how tall it is: that depends on the font, and on what it says.
new ResizeObserver(() => document.documentElement.style.setProperty("--top", `${bar.offsetHeight}px`)).observe(bar);

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.target || link.hasAttribute("download") || link.hash) return;
  if (!PAGES.some(([pattern]) => pattern.test(own(link.pathname) ?? ""))) return;
  event.preventDefault();
  go(link.href);
});
addEventListener("popstate", () => {
  // A page that only rewrote its own query (replaceState) is told apart by its path.
  if (own(location.pathname) !== shown || !location.hash) show();
});

const THEMES = { auto: ["◐", "as the system has it"], light: ["○", "light"], dark: ["●", "dark"] };
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

document.getElementById("keys").addEventListener("click", listed);
keys(null, [
  { keys: ["?"], shown: "?", says: "List the keys", run: listed },
  { keys: ["n"], shown: "n", says: "Ask for a new run", run: () => go("/new") },
  { keys: ["g"], shown: "g", says: "Gallery of all runs", run: () => go("/") },
]);

show();
