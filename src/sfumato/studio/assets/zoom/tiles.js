// The tiles of a zoom: asked for as they come into view, given up as they leave it, kept while there is room.

import { left as isLeft, ofRun, picture } from "../core/api.js";

export const SIDE = 256;
export const DEEPEST = 24;
export const SHALLOWEST = -5; // levels below 0 show more than the picture in one tile
export const FURTHEST = 4; // times the picture's longer side that there are tiles beyond its border
const MOST_KEPT = 500;
const AT_ONCE = 4;
const COARSER = 2; // levels
const LONGEST = 5000; // ms

export class Tiles {
  constructor({ name, signal, arrived, fail }) {
    Object.assign(this, { name, signal, arrived, fail });
    this.kept = new Map(); // address -> bitmap, the latest used last
    this.asked = new Map(); // address -> AbortController
    this.refused = new Set();
    this.step = null;
    signal.addEventListener("abort", () => this.#giveUp(new Set()));
  }

  /** Of which saved moment. */
  at(step) {
    this.before = this.step;
    this.step = step;
    this.refused.clear();
  }

  /** Resolves when all that is in view is there, or is too long on its way. */
  async whole() {
    const until = performance.now() + LONGEST;
    do await new Promise(requestAnimationFrame);
    while (!this.signal.aborted && performance.now() < until && this.wanted?.length);
  }

  /** Draw what is there of the view, coarser or older tiles where the right ones are still on their way. */
  paint(context, { level, left, top, scale, width, height }) {
    const side = scale / 2 ** level;
    const reach = Math.ceil((FURTHEST + 1) * 2 ** level);
    const within = (at) => Math.min(reach, Math.max(-reach, Math.floor(at)));
    const range = (from, size) => [within(-from / side), within((size - from - 1) / side)];
    const [firstColumn, lastColumn] = range(left, width);
    const [firstRow, lastRow] = range(top, height);
    const wanted = new Map(); // address -> how soon it is needed
    context.imageSmoothingQuality = "high";
    for (let row = firstRow; row <= lastRow; row += 1)
      for (let column = firstColumn; column <= lastColumn; column += 1) {
        const box = [Math.round(left + column * side), Math.round(top + row * side)];
        const size = [Math.round(left + (column + 1) * side) - box[0], Math.round(top + (row + 1) * side) - box[1]];
        const address = this.#address(level, row, column, this.step);
        const bitmap = this.#take(address);
        if (bitmap) context.drawImage(bitmap, ...box, ...size);
        else {
          this.#standIn(context, level, row, column, box, size);
          const far = Math.hypot(box[0] + side / 2 - width / 2, box[1] + side / 2 - height / 2);
          wanted.set(address, far);
          // One coarse tile covers sixteen, so those come before: there is soon something everywhere.
          const up = Math.min(level - SHALLOWEST, COARSER);
          const coarse = this.#address(level - up, Math.floor(row / 2 ** up), Math.floor(column / 2 ** up), this.step);
          if (up && !this.kept.has(coarse)) wanted.set(coarse, Math.min(wanted.get(coarse) ?? 0, far - 1e6));
        }
      }
    this.wanted = [...wanted.keys()].filter((address) => !this.refused.has(address)).sort((one, other) => wanted.get(one) - wanted.get(other));
    this.#giveUp(new Set(this.wanted));
    this.#ask();
  }

  #address = (level, row, column, step) => ofRun(this.name, `/tiles/${level}/${row}/${column}.png?step=${step}`);

  #take(address) {
    const bitmap = this.kept.get(address);
    if (!bitmap) return null;
    this.kept.delete(address);
    this.kept.set(address, bitmap);
    return bitmap;
  }

  #standIn(context, level, row, column, box, size) {
    const older = this.before !== null && this.kept.get(this.#address(level, row, column, this.before));
    if (older) return context.drawImage(older, ...box, ...size);
    for (let up = 1; up <= Math.min(level - SHALLOWEST, 6); up += 1) {
      const parts = 2 ** up;
      const bitmap = this.kept.get(this.#address(level - up, Math.floor(row / parts), Math.floor(column / parts), this.step));
      if (!bitmap) continue;
      const part = SIDE / parts;
      const inside = (at) => (((at % parts) + parts) % parts) * part;
      return context.drawImage(bitmap, inside(column), inside(row), part, part, ...box, ...size);
    }
  }

  #ask() {
    for (const address of this.wanted) {
      if (this.asked.size >= AT_ONCE) return;
      if (this.asked.has(address) || this.kept.has(address)) continue;
      const control = new AbortController();
      this.asked.set(address, control);
      picture(address, control.signal)
        .then((bitmap) => {
          this.kept.set(address, bitmap);
          while (this.kept.size > MOST_KEPT) this.kept.delete(this.kept.keys().next().value);
          this.fail(null);
        })
        .catch((error) => {
          if (isLeft(error)) return;
          this.refused.add(address);
          this.fail(error);
        })
        .finally(() => {
          this.asked.delete(address);
          if (!this.signal.aborted) this.arrived();
        });
    }
  }

  #giveUp(still) {
    for (const [address, control] of this.asked) if (!still.has(address)) control.abort();
  }
}
