// Formats of numbers and names.

const counts = new Intl.NumberFormat("en");

export const count = (number) => (Number.isFinite(number) ? counts.format(number) : "–");

export const decibels = (psnr) => (Number.isFinite(psnr) ? `${psnr.toFixed(2)} dB` : "–");

/** Format seconds: 34 ms, 5.0 s, 2 min 10 s, 3.2 h. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds > 0 && seconds < 0.1) return `${Math.max(1, Math.round(1000 * seconds))} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export const epochs = (epoch) => {
  if (!Number.isFinite(epoch)) return "–";
  return epoch >= 100 ? count(Math.round(epoch)) : epoch >= 10 ? epoch.toFixed(1) : epoch.toFixed(2);
};

const STEPS = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** Format operations: 1.2 TFLOP. */
export function operations(number) {
  if (!Number.isFinite(number)) return "–";
  const [size, letter] = STEPS.find(([least]) => number >= least) ?? [1, ""];
  const part = number / size;
  return `${part >= 100 ? part.toFixed(0) : part.toFixed(1)} ${letter}FLOP`;
}

/** Format how long ago a time was. */
export function ago(moment) {
  if (!moment) return "";
  const seconds = (Date.now() - Date.parse(moment)) / 1000;
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86400);
  return days < 30 ? `${days} day${days > 1 ? "s" : ""} ago` : new Date(moment).toLocaleDateString("en-GB", { dateStyle: "medium" });
}

/** A picture's name without its folder; an uploaded one is stored under its hash. */
export function pictureName(source) {
  const last = (source || "picture").split(/[\\/]/).pop();
  return /^[0-9a-f]{64}(\.\w+)?$/.test(last) ? `picture ${last.slice(0, 8)}` : last;
}

/** Differences of a recipe, as pairs of short name and text, without the picture. */
export function differing(differences) {
  return Object.entries(differences ?? {})
    .filter(([path]) => path !== "picture.source")
    .map(([path, text]) => [path.replace(/^(model|training)\./, ""), text]);
}

export const STATES = {
  running: "training",
  paused: "paused",
  queued: "waiting",
  done: "done",
  stopped: "stopped",
  interrupted: "interrupted",
  diverged: "diverged",
  failed: "failed",
  damaged: "damaged",
};

/** Whether a run is in progress, paused, or in the queue. */
export const isLive = (state) => state === "running" || state === "paused" || state === "queued";
