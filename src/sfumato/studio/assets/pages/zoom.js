// Infinite zoom: the network is evaluated for the visible part of the plane, at the resolution of the screen.

import { get, isAbort, runUrl } from "../core/api.js";
import { h } from "../core/element.js";
import { gestures } from "../viewing/gestures.js";
import { keys } from "../core/keys.js";
import { DEEPEST, FURTHEST, SHALLOWEST, SIDE, Tiles } from "../zoom/tiles.js";
import { Timeline } from "../viewing/timeline.js";
import { count, epochs, pictureName } from "../core/format.js";

const MARGIN = 1.15; // how much more than all tiles fits on screen at the lowest zoom

export async function show(root, { name, query, signal, ready }) {
  const run = await get(runUrl(name), signal);
  const back = h("a", { class: "back", href: `/runs/${encodeURIComponent(name)}` }, `← ${pictureName(run.picture)}`);
  const moments = run.moments ?? [];
  if (!run.width || !moments.length) {
    root.append(back, h("div", { class: "empty" }, h("h1", {}, "Nothing to zoom into"), h("p", { class: "lead" }, "This run has no saved moment yet.")));
    return;
  }
  const longer = Math.max(run.width, run.height);
  const [wide, high] = [run.width / longer, run.height / longer];
  // The center of the screen in units of the picture's longer side; scale: CSS pixels per that side.
  const whole = { x: wide / 2, y: high / 2, scale: 0 };
  const view = { ...whole };
  const canvas = h("canvas", { tabindex: "0", role: "img", "aria-label": "The painting, computed at the resolution of the screen; arrows move it, + and - zoom, 0 shows the whole" });
  const problem = h("p", { class: "problem", role: "alert" });
  const [place, scaleText, beyond] = [0, 1, 2].map(() => h("span", { class: "figure" }));
  const button = (text, label, run) => h("button", { type: "button", "aria-label": label, title: label, onclick: run }, text);
  const deep = h(
    "div",
    { class: "deep" },
    canvas,
    h("div", { class: "tools-over" }, button("+", "Zoom in", () => zoom(1.6)), button("−", "Zoom out", () => zoom(1 / 1.6)), button("◻", "The whole picture", fit)),
  );
  const timeline = new Timeline({
    signal,
    name: "Saved moment",
    show: (_, at) => {
      tiles.at(moments[at].step);
      draw();
      return tiles.whole();
    },
    say: (at) => `epoch ${epochs(moments[at].epoch)}`,
  });
  const tiles = new Tiles({ name, signal, arrived: () => draw(), fail });
  root.append(
    back,
    h("header", { class: "zoom-head" }, h("h1", {}, "Infinite zoom"), h("p", { class: "lead" }, "Not enlarged pixels: the network is evaluated for what is on screen, also beyond the border.")),
    problem,
    deep,
    h("p", { class: "zoom-foot", role: "status" }, scaleText, place, beyond),
    timeline.element,
  );

  let frame = 0;
  const draw = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(paint);
  };

  function fit() {
    Object.assign(view, whole, { scale: 0.86 * Math.min(canvas.clientWidth / wide, canvas.clientHeight / high) });
    clampView();
    draw();
    saveView();
  }

  /** Clamp the view to the range of tiles: a URL may contain any number. */
  function clampView() {
    const least = Math.min(canvas.clientWidth, canvas.clientHeight) / (MARGIN * (2 * FURTHEST + 1));
    const within = (value, low, high, other) => (Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : other);
    view.scale = within(view.scale, Math.max(least, SIDE * 2 ** (SHALLOWEST - 1)), SIDE * 2 ** DEEPEST, whole.scale || SIDE);
    view.x = within(view.x, -FURTHEST, FURTHEST + wide, whole.x);
    view.y = within(view.y, -FURTHEST, FURTHEST + high, whole.y);
  }

  function zoom(factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
    const before = view.scale;
    view.scale *= factor;
    clampView();
    const [dx, dy] = [x - canvas.clientWidth / 2, y - canvas.clientHeight / 2];
    view.x += dx / before - dx / view.scale;
    view.y += dy / before - dy / view.scale;
    clampView();
    draw();
    saveView();
  }

  function pan(dx, dy) {
    view.x -= dx / view.scale;
    view.y -= dy / view.scale;
    clampView();
    draw();
    saveView();
  }

  function paint() {
    if (signal.aborted || !canvas.clientWidth || !view.scale) return;
    const pixelRatio = devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * pixelRatio), Math.round(canvas.clientHeight * pixelRatio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const scale = view.scale * pixelRatio;
    const left = width / 2 - view.x * scale;
    const top = height / 2 - view.y * scale;
    // A tile is drawn at its own size or up to twice smaller, so that computed pixels are never enlarged.
    const level = Math.min(DEEPEST, Math.max(SHALLOWEST, Math.ceil(Math.log2(scale / SIDE) - 0.01)));
    tiles.paint(context, { level, left, top, scale, width, height });
    // The border of the picture that was trained on.
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
    context.lineWidth = 1.5 * pixelRatio;
    context.setLineDash([6 * pixelRatio, 5 * pixelRatio]);
    context.strokeRect(left, top, wide * scale, high * scale);
    context.setLineDash([]);
    const times = view.scale / longer;
    scaleText.textContent = times >= 1 ? `${times >= 100 ? count(Math.round(times)) : times.toFixed(1)} screen pixels per picture pixel` : `${(1 / times).toFixed(1)} picture pixels per screen pixel`;
    place.textContent = `row ${(view.y * longer).toFixed(1)}, column ${(view.x * longer).toFixed(1)}`;
    const outside = view.x < 0 || view.y < 0 || view.x > wide || view.y > high;
    beyond.textContent = outside ? "beyond the border: the network was not trained here" : "";
  }

  let saving = 0;
  /** Write the view into the URL when it rests. */
  function saveView() {
    clearTimeout(saving);
    saving = setTimeout(() => {
      const params = new URLSearchParams({ row: (view.y * longer).toFixed(3), column: (view.x * longer).toFixed(3), zoom: Math.log2(view.scale / SIDE).toFixed(3) });
      history.replaceState(null, "", `?${params}`);
    }, 400);
  }

  function fail(error) {
    problem.textContent = error && !isAbort(error) ? error.message : "";
  }

  gestures(canvas, { pan, zoom }, signal);
  const observer = new ResizeObserver(() => {
    if (view.scale) return draw();
    if (!canvas.clientWidth) return;
    if (!query.has("zoom")) return fit();
    const given = (key) => Number(query.get(key)) || 0;
    Object.assign(view, { x: given("column") / longer, y: given("row") / longer, scale: SIDE * 2 ** given("zoom") });
    clampView();
    draw();
  });
  observer.observe(canvas);
  document.addEventListener("theme", draw, { signal });
  signal.addEventListener("abort", () => {
    observer.disconnect();
    clearTimeout(saving);
    cancelAnimationFrame(frame);
  });
  timeline.positions(moments.map((each) => each.epoch));
  const move = (event) => {
    const far = event.shiftKey ? 240 : 80;
    pan(...{ ArrowLeft: [far, 0], ArrowRight: [-far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] }[event.key]);
  };
  keys(signal, [
    { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], label: "← → ↑ ↓", help: "Move, with Shift further", run: move },
    { keys: ["+", "="], label: "+", help: "Zoom in", run: () => zoom(1.6) },
    { keys: ["-"], label: "-", help: "Zoom out", run: () => zoom(1 / 1.6) },
    { keys: ["0", "Escape"], label: "0 Esc", help: "The whole picture", run: fit },
  ]);
  ready();
}
