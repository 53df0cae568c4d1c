// Which page is shown: the address decides, links change it without loading anew, leaving a page ends all it began.

import { left } from "./api.js";
import { h } from "./element.js";
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

const main = document.getElementById("main");
let leaving = new AbortController();
let shown = "";

export function go(address) {
  history.pushState(null, "", placed(address));
  show();
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
    const page = await load();
    if (signal.aborted) return;
    const root = h("div", { class: "page" });
    const name = match[1] === undefined ? undefined : decodeURIComponent(match[1]);
    await page.show(root, { name, query: new URLSearchParams(search), signal, go, ready: () => replace(root, signal) });
    replace(root, signal);
  } catch (error) {
    if (left(error) || signal.aborted) return;
    replace(refusal(error), signal);
  }
}

/** Put a page on screen whole, so that nothing jumps while its parts arrive. */
function replace(root, signal) {
  if (signal.aborted || main.firstChild === root) return;
  main.replaceChildren(root);
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
  themeButton.setAttribute("aria-label", `Colours: ${words}`);
  themeButton.title = `Colours: ${words}`;
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
