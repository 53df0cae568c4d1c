// Pictures of the same size side by side, zoomed and panned together, with the values of the pixel under the pointer.

import { h } from "../core/element.js";
import { gestures } from "./gestures.js";
import { LARGEST_ERROR, errorAt, errorMap, pixels } from "./pixels.js";

const LARGEST = 64; // CSS pixels per picture pixel
const GRID_FROM = 12;
const HINT = matchMedia("(pointer: coarse)").matches
  ? "Tap a picture for its values; pinch to zoom all three."
  : "Point at a picture for its values; + and − zoom all three.";

export class Viewer {
  constructor({ width, height, signal }) {
    this.width = width;
    this.height = height;
    this.pointer = null; // {canvas, x, y} in CSS pixels from its corner
    this.view = { scale: 1, row: 0.5, column: 0.5 }; // scale 1: the whole picture fits; the center is relative to the size
    this.panes = ["Target", "Painting", "Error"].map((label) => this.#pane(label));
    this.panes[2].caption.append("0", h("span", { class: "scale", role: "img", "aria-label": "to" }), `${100 * LARGEST_ERROR}% or more`);
    this.readout = h("p", { class: "readout figure", "aria-live": "off" });
    this.element = h("div", { class: "viewer" }, h("div", { class: "panes" }, this.panes.map((pane) => pane.element)), this.readout);
    this.element.style.setProperty("--ratio", `${width / height}`);
    this.#readOut(null);
    const draw = () => this.draw();
    const observer = new ResizeObserver(draw);
    for (const pane of this.panes) {
      observer.observe(pane.canvas);
      this.#listen(pane.canvas, signal);
    }
    signal.addEventListener("abort", () => observer.disconnect());
    document.addEventListener("theme", draw, { signal });
  }

  /** Show a target (a bitmap). */
  target(bitmap) {
    this.wanted = pixels(bitmap, this.width, this.height);
    this.panes[0].image = bitmap;
    this.#compare();
  }

  /** Show a painting (a bitmap of any size) and its error map; `caption` names it. */
  painting(bitmap, caption = "") {
    this.got = pixels(bitmap, this.width, this.height);
    this.panes[1].image = bitmap;
    this.panes[1].caption.textContent = caption;
    this.#compare();
  }

  /** Zoom all panes about a point in one of them; by default about the pointer, or else the center. */
  zoom(factor, x = this.pointer?.x ?? null, y = this.pointer?.y ?? null, canvas = this.pointer?.canvas ?? this.panes[0].canvas) {
    const fit = this.#fit(canvas);
    const scale = Math.min(LARGEST / fit, Math.max(1, this.view.scale * factor));
    const ratio = scale / this.view.scale;
    const [dx, dy] = x === null ? [0, 0] : [x - canvas.clientWidth / 2, y - canvas.clientHeight / 2];
    const pixel = fit * this.view.scale;
    // Keep the pixel under the pointer in place.
    this.view.column += (dx / pixel) * (1 - 1 / ratio) / this.width;
    this.view.row += (dy / pixel) * (1 - 1 / ratio) / this.height;
    this.view.scale = scale;
    this.#bound();
  }

  /** Pan the picture by (dx, dy) CSS pixels. */
  pan(dx, dy, canvas = this.panes[0].canvas) {
    const pixel = this.#fit(canvas) * this.view.scale;
    this.view.column -= dx / pixel / this.width;
    this.view.row -= dy / pixel / this.height;
    this.#bound();
  }

  whole() {
    this.view = { scale: 1, row: 0.5, column: 0.5 };
    this.#bound();
  }

  draw() {
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => this.panes.forEach((pane) => this.#drawPane(pane)));
  }

  #pane(label) {
    const canvas = h("canvas", { role: "img", tabindex: label === "Painting" ? "0" : false, "aria-label": `${label}; arrows move it, + and - enlarge, 0 shows the whole` });
    const caption = h("span", { class: "quietly figure" });
    return { canvas, caption, label, image: null, element: h("figure", {}, canvas, h("figcaption", {}, h("b", {}, label), caption)) };
  }

  #listen(canvas, signal) {
    gestures(
      canvas,
      {
        pan: (dx, dy) => this.view.scale > 1 && this.pan(dx, dy, canvas),
        zoom: (factor, x, y) => this.zoom(factor, x, y, canvas),
        point: (x, y) => this.#point({ canvas, x, y }),
        leave: () => this.#point(null),
        // Until the picture is zoomed or focused, the wheel scrolls the page.
        wheel: (event) => event.ctrlKey || event.metaKey || this.view.scale > 1 || document.activeElement === canvas,
      },
      signal,
    );
    canvas.addEventListener("pointerdown", () => this.panes[1].canvas.focus({ preventScroll: true, focusVisible: false }), { signal });
    canvas.addEventListener(
      "keydown",
      (event) => {
        const step = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
        if (!step || this.view.scale === 1) return;
        event.preventDefault();
        this.pan(...step, canvas);
      },
      { signal },
    );
  }

  #fit = (canvas) => Math.min(canvas.clientWidth / this.width, canvas.clientHeight / this.height) || 1;

  #bound() {
    const half = 0.5 / this.view.scale;
    for (const side of ["row", "column"]) this.view[side] = Math.min(1 - half, Math.max(half, this.view[side]));
    this.element.classList.toggle("enlarged", this.view.scale > 1);
    this.#point(this.pointer);
    this.draw();
  }

  #compare() {
    if (this.wanted && this.got) this.panes[2].image = errorMap(this.wanted, this.got);
    this.#readOut(this.pointed);
    this.draw();
  }

  /** Show the values of the pixel under a pointer, which changes when the picture moves. */
  #point(pointer) {
    this.pointer = pointer;
    this.#readOut(pointer && this.#under(pointer));
  }

  #under({ canvas, x, y }) {
    const pixel = this.#fit(canvas) * this.view.scale;
    const column = Math.floor((x - canvas.clientWidth / 2) / pixel + this.view.column * this.width);
    const row = Math.floor((y - canvas.clientHeight / 2) / pixel + this.view.row * this.height);
    return row >= 0 && column >= 0 && row < this.height && column < this.width ? { row, column } : null;
  }

  #readOut(pixelAt) {
    const moved = JSON.stringify(pixelAt) !== JSON.stringify(this.pointed ?? null);
    this.pointed = pixelAt;
    if (!pixelAt) this.readout.textContent = HINT;
    else {
      const at = 4 * (pixelAt.row * this.width + pixelAt.column);
      const value = (data) => (data ? [0, 1, 2].map((channel) => data.data[at + channel]).join(" ") : "–");
      const parts = [`row ${pixelAt.row}, column ${pixelAt.column}`, `target ${value(this.wanted)}`, `painting ${value(this.got)}`];
      if (this.wanted && this.got) parts.push(`error ${(100 * errorAt(this.wanted, this.got, at)).toFixed(1)}%`);
      this.readout.replaceChildren(...parts.map((text) => h("span", {}, text)));
    }
    if (moved) this.draw();
  }

  #drawPane({ canvas, image }) {
    const pixelRatio = devicePixelRatio || 1;
    const [wide, high] = [Math.round(canvas.clientWidth * pixelRatio), Math.round(canvas.clientHeight * pixelRatio)];
    if (!wide || !high) return;
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, wide, high);
    if (!image) return;
    const pixel = this.#fit(canvas) * this.view.scale * pixelRatio;
    const left = wide / 2 - this.view.column * this.width * pixel;
    const top = high / 2 - this.view.row * this.height * pixel;
    context.imageSmoothingEnabled = pixel < 2.5;
    context.imageSmoothingQuality = "high";
    context.drawImage(image, left, top, this.width * pixel, this.height * pixel);
    if (!this.pointed) return;
    const box = [left + this.pointed.column * pixel, top + this.pointed.row * pixel];
    const size = Math.max(pixel, 7 * pixelRatio);
    const edge = pixel >= GRID_FROM ? 0 : (size - pixel) / 2;
    for (const [color, more] of [["#000c", 1.5 * pixelRatio], ["#fff", 0]]) {
      context.strokeStyle = color;
      context.lineWidth = 1.5 * pixelRatio;
      context.strokeRect(box[0] - edge - more, box[1] - edge - more, pixel + 2 * (edge + more), pixel + 2 * (edge + more));
    }
  }
}
