// The moments that can be looked at: exact paintings, and between them what the saved weights paint when they are asked.

import { ofRun, picture } from "../core/api.js";

const SIDE = 256;
const FINEST = 2;
const KEPT = 120;

/** All of a run's moments by step: {step, epoch, seconds, operations, psnr, exact}. */
export function film(frames, running) {
  const found = new Map();
  running?.step?.forEach((step, at) => {
    const of = (what) => running[what]?.[at] ?? null;
    found.set(step, { step, epoch: of("epoch"), seconds: of("seconds"), operations: of("operations"), psnr: of("psnr"), exact: false });
  });
  for (const frame of frames ?? []) found.set(frame.step, { ...frame, exact: true });
  return [...found.values()].filter((frame) => Number.isFinite(frame.epoch)).sort((one, other) => one.step - other.step);
}

/** Fetches paintings and keeps some. */
export class Paintings {
  constructor(name, { width, height }, signal) {
    Object.assign(this, { name, width, height, signal });
    this.kept = new Map();
  }

  /** The painting at a moment; without exact frame a coarse one, or with `fine` one of about the picture's own size. */
  async get(frame, { fine = false, signal = this.signal } = {}) {
    const key = frame.exact ? frame.step : `${frame.step} ${fine}`;
    const kept = this.kept.get(key);
    if (kept) return kept;
    const bitmap = frame.exact ? await picture(ofRun(this.name, `/frames/${frame.step}.png`), signal) : await this.#computed(frame.step, fine ? this.#finest() : 0, signal);
    this.kept.set(key, bitmap);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    return bitmap;
  }

  /** Whether `fine` would show more. */
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
        tiles.push(picture(ofRun(this.name, `/tiles/${level}/${row}/${column}.png?step=${step}`), signal).then((tile) => context.drawImage(tile, column * SIDE, row * SIDE)));
    await Promise.all(tiles);
    return canvas;
  }
}
