// Colors of configurations: from quiet for the worst to the accent for the best.

const NAMES = ["quiet", "accent", "bad", "line", "ink", "paper", "wash", "edge"];

/** The page's current colors, by name, and of(row, part): that of a configuration, whose part is from worst to best, or null. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const colors = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  const [worst, best] = [channels(colors.quiet), channels(colors.accent)];
  const mixed = (part) => `rgb(${worst.map((from, at) => Math.round(from + part * (best[at] - from))).join(" ")})`;
  const unranked = { diverged: colors.bad, failed: colors.bad };
  return { ...colors, of: ({ state }, part) => (part !== null ? mixed(part) : (unranked[state] ?? colors.quiet)) };
}

const channels = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
