// Colors of configurations: from quiet for the worst to the accent for the best.

const NAMES = ["quiet", "accent", "bad", "line", "ink", "paper", "wash", "edge"];

/** The page's current colors, by name, and mixed(part) from worst to best. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const colors = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  const [worst, best] = [channels(colors.quiet), channels(colors.accent)];
  return { ...colors, mixed: (part) => `rgb(${worst.map((from, at) => Math.round(from + part * (best[at] - from))).join(" ")})` };
}

const channels = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
