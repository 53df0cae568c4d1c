// The tiles of a zoom: requested as they come into view, canceled as they leave it, and cached.

import { isAbort, runUrl, picture } from "../core/api.js";

export const SIDE = 256;
export const DEEPEST = 24;
export const SHALLOWEST = -5; // levels below 0 show more than the picture in one tile
export const FURTHEST = 4; // how far tiles reach beyond the picture's border, in multiples of its longer side
const MAX_CACHED = 500;
const MAX_PENDING = 4;
const COARSER = 2; // levels
const MAX_WAIT = 5000; // ms

export class Tiles {
  constructor({ name, signal, arrived, fail }) {
    Object.assign(this, { name, signal, arrived, fail });
    this.cache = new Map(); // address -> bitmap, the latest used last
    this.pending = new Map(); // address -> AbortController
    this.failed = new Set();
    this.step = null;
    signal.addEventListener("abort", () => this.#cancelExcept(new Set()));
  }

  /** Set the step of the saved moment. */
  at(step) {
    this.before = this.step;
    this.step = step;
    this.failed.clear();
  }

  /** Resolves when all visible tiles are loaded, or take too long. */
  async whole() {
    const until = performance.now() + MAX_WAIT;
    do await new Promise(requestAnimationFrame);
    while (!this.signal.aborted && performance.now() < until && this.wanted?.length);
  }

  /** Draw the loaded tiles of the view, and coarser or older ones in place of those that are still loading. */
  paint(context, { level, left, top, scale, width, height }) {
    const side = scale / 2 ** level;
    const reach = Math.ceil((FURTHEST + 1) * 2 ** level);
    const within = (at) => Math.min(reach, Math.max(-reach, Math.floor(at)));
    const range = (from, size) => [within(-from / side), within((size - from - 1) / side)];
    const [firstColumn, lastColumn] = range(left, width);
    const [firstRow, lastRow] = range(top, height);
    const wanted = new Map(); // address -> priority, lower first
    context.imageSmoothingQuality = "high";
    for (let row = firstRow; row <= lastRow; row += 1)
      for (let column = firstColumn; column <= lastColumn; column += 1) {
        const box = [Math.round(left + column * side), Math.round(top + row * side)];
        const size = [Math.round(left + (column + 1) * side) - box[0], Math.round(top + (row + 1) * side) - box[1]];
        const address = this.#address(level, row, column, this.step);
        const bitmap = this.#take(address);
        if (bitmap) context.drawImage(bitmap, ...box, ...size);
        else {
          this.#drawSubstitute(context, level, row, column, box, size);
          const far = Math.hypot(box[0] + side / 2 - width / 2, box[1] + side / 2 - height / 2);
          wanted.set(address, far);
          // One coarse tile covers sixteen, so these come first: there is soon something everywhere.
          const up = Math.min(level - SHALLOWEST, COARSER);
          const coarse = this.#address(level - up, Math.floor(row / 2 ** up), Math.floor(column / 2 ** up), this.step);
          if (up && !this.cache.has(coarse)) wanted.set(coarse, Math.min(wanted.get(coarse) ?? 0, far - 1e6));
        }
      }
    this.wanted = [...wanted.keys()].filter((address) => !this.failed.has(address)).sort((one, other) => wanted.get(one) - wanted.get(other));
    this.#cancelExcept(new Set(this.wanted));
    this.#request();
  }

  #address = (level, row, column, step) => runUrl(this.name, `/tiles/${level}/${row}/${column}.png?step=${step}`);

  #take(address) {
    const bitmap = this.cache.get(address);
    if (!bitmap) return null;
    this.cache.delete(address);
    this.cache.set(address, bitmap);
    return bitmap;
  }

  #drawSubstitute(context, level, row, column, box, size) {
    const older = this.before !== null && this.cache.get(this.#address(level, row, column, this.before));
    if (older) return context.drawImage(older, ...box, ...size);
    for (let up = 1; up <= Math.min(level - SHALLOWEST, 6); up += 1) {
      const parts = 2 ** up;
      const bitmap = this.cache.get(this.#address(level - up, Math.floor(row / parts), Math.floor(column / parts), this.step));
      if (!bitmap) continue;
      const part = SIDE / parts;
      const inside = (at) => (((at % parts) + parts) % parts) * part;
      return context.drawImage(bitmap, inside(column), inside(row), part, part, ...box, ...size);
    }
  }

  #request() {
    for (const address of this.wanted) {
      if (this.pending.size >= MAX_PENDING) return;
      if (this.pending.has(address) || this.cache.has(address)) continue;
      const control = new AbortController();
      this.pending.set(address, control);
      picture(address, control.signal)
        .then((bitmap) => {
          this.cache.set(address, bitmap);
          while (this.cache.size > MAX_CACHED) this.cache.delete(this.cache.keys().next().value);
          this.fail(null);
        })
        .catch((error) => {
          if (isAbort(error)) return;
          this.failed.add(address);
          this.fail(error);
        })
        .finally(() => {
          this.pending.delete(address);
          if (!this.signal.aborted) this.arrived();
        });
    }
  }

  #cancelExcept(still) {
    for (const [address, control] of this.pending) if (!still.has(address)) control.abort();
  }
}
