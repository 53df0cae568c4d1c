// The moments of a film: exact paintings, and between them paintings computed from saved weights on demand.

import { runUrl, picture } from "../core/api.js";

const SIDE = 256;
const FINEST = 2;
const MAX_CACHED = 120;

/** Return all moments of a run, sorted by step: {step, epoch, seconds, operations, psnr, exact}. */
export function film(frames, running) {
  const found = new Map();
  running?.step?.forEach((step, at) => {
    const of = (what) => running[what]?.[at] ?? null;
    found.set(step, { step, epoch: of("epoch"), seconds: of("seconds"), operations: of("operations"), psnr: of("psnr"), exact: false });
  });
  for (const frame of frames ?? []) found.set(frame.step, { ...frame, exact: true });
  return [...found.values()].filter((frame) => Number.isFinite(frame.epoch)).sort((one, other) => one.step - other.step);
}

/** Loads paintings and caches some. */
export class Paintings {
  constructor(name, { width, height }, signal) {
    Object.assign(this, { name, width, height, signal });
    this.cache = new Map();
  }

  /** Load the painting at a moment; without an exact frame a coarse one, or with `fine` one of about the picture's size. */
  async get(frame, { fine = false, signal = this.signal } = {}) {
    const key = frame.exact ? frame.step : `${frame.step} ${fine}`;
    const cached = this.cache.get(key);
    if (cached) return cached;
    const bitmap = frame.exact ? await picture(runUrl(this.name, `/frames/${frame.step}.png`), signal) : await this.#computed(frame.step, fine ? this.#finest() : 0, signal);
    this.cache.set(key, bitmap);
    if (this.cache.size > MAX_CACHED) this.cache.delete(this.cache.keys().next().value);
    return bitmap;
  }

  /** Whether `fine` has a higher resolution. */
  finer = (frame) => !frame.exact && this.#finest() > 0;

  #finest() {
    return Math.min(FINEST, Math.max(0, Math.ceil(Math.log2(Math.max(this.width, this.height) / SIDE))));
  }

  async #computed(step, level, signal) {
    const longer = SIDE * 2 ** level;
    const scale = longer / Math.max(this.width, this.height);
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(this.width * scale)), Math.max(1, Math.round(this.height * scale)));
    const context = canvas.getContext("2d");
    const tiles = [];
    for (let row = 0; row * SIDE < canvas.height; row += 1)
      for (let column = 0; column * SIDE < canvas.width; column += 1)
        tiles.push(picture(runUrl(this.name, `/tiles/${level}/${row}/${column}.png?step=${step}`), signal).then((tile) => context.drawImage(tile, column * SIDE, row * SIDE)));
    await Promise.all(tiles);
    return canvas;
  }
}
