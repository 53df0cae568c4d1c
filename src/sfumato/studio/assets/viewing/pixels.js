// Pictures as arrays, and the error map of two of them, the same as in render/painting.py, so that it follows the live
// painting and the timeline without the server.

/** The error, on a scale of 0 to 1, at which the color map ends. */
export const LARGEST_ERROR = 0.25;
const STOPS = "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779 d0416f e75263 f56b5c fc8961 fea772 fec488 fde2a3 fcfdbf"
  .split(" ")
  .map((text) => [0, 2, 4].map((at) => parseInt(text.slice(at, at + 2), 16)));

/** Matplotlib's magma at 256 points, interpolated linearly between 17 of its colors. */
const MAGMA = Array.from({ length: 256 }, (_, at) => {
  const place = (at / 255) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(place));
  return STOPS[low].map((value, channel) => Math.round(value + (STOPS[low + 1][channel] - value) * (place - low)));
});

/** Return a bitmap's pixels at a size: ImageData, RGBA. */
export function pixels(bitmap, width, height) {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

/** Return a canvas with |painting - target|, averaged over the channels, in magma up to a quarter of the range. */
export function errorMap(target, painting) {
  const { width, height } = target;
  const wanted = target.data;
  const got = painting.data;
  const map = new ImageData(width, height);
  const scale = 1 / (3 * LARGEST_ERROR);
  for (let at = 0; at < wanted.length; at += 4) {
    const error = Math.abs(wanted[at] - got[at]) + Math.abs(wanted[at + 1] - got[at + 1]) + Math.abs(wanted[at + 2] - got[at + 2]);
    const color = MAGMA[Math.min(255, Math.round(error * scale))];
    map.data[at] = color[0];
    map.data[at + 1] = color[1];
    map.data[at + 2] = color[2];
    map.data[at + 3] = 255;
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(map, 0, 0);
  return canvas;
}

/** Return the mean absolute difference of one pixel's channels, from 0 to 1. */
export function errorAt(target, painting, at) {
  let sum = 0;
  for (let channel = 0; channel < 3; channel += 1) sum += Math.abs(target.data[at + channel] - painting.data[at + channel]);
  return sum / (3 * 255);
}
