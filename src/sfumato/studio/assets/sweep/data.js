// What a sweep has tried, as axes: every parameter and result with a position from 0 to 1 for each configuration.

import { count } from "../core/format.js";

const FINISHED = 0; // place in `states`
const LOG_FROM = 20; // ratio of the largest to the smallest result from which its axis is logarithmic
const LESS_IS_BETTER = ["parameters", "gflop", "seconds"];
const FORMATS = { parameters: count, psnr: (value) => value.toFixed(2) };
export const UNITS = { psnr: "PSNR, dB", ssim: "SSIM", parameters: "Parameters", gflop: "GFLOP of training", seconds: "Seconds of training" };

/** Format a value of a parameter or result: four digits, and powers of ten for the large and the small. */
export function number(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return Number(value.toPrecision(3)).toExponential().replace("e+", "e");
  return Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(4)));
}

/** A parameter's name as runs show it, without its section. */
export const short = (name) => name.replace(/^(model|training)\./, "");

/** Return the configurations of a page's data, and their axes. */
export function configurations(found) {
  const { number: numbers, state, states, results, objectives } = found;
  const rows = numbers.map((each, at) => ({ at, number: each, state: states[state[at]], finished: state[at] === FINISHED }));
  const parameters = found.axes.map((axis) => ({ ...axis, title: short(axis.name), label: short(axis.name) }));
  const measured = Object.entries(results).map(([name, values]) => resultAxis(name, values));
  const objective = measured.find((each) => each.name === objectives[0].name);
  const sign = objectives[0].better === "maximize" ? 1 : -1;
  const score = (row) => (row.finished && Number.isFinite(objective?.values[row.at]) ? sign * objective.values[row.at] : -Infinity);
  const order = rows.filter((row) => score(row) > -Infinity).sort((one, other) => score(other) - score(one) || one.number - other.number);
  // From 0 for the worst to 1 for the best; by rank, because scores are far from evenly spread.
  const ranks = new Map(order.map((row, place) => [row.at, order.length > 1 ? 1 - place / (order.length - 1) : 1]));
  return {
    rows,
    order,
    rank: (row) => ranks.get(row.at) ?? null,
    parameters: parameters.map(placed),
    results: measured.map(placed),
    objectives: objectives.map(({ name }) => measured.find((each) => each.name === name)).filter(Boolean),
    front: new Set(found.front),
  };
}

function resultAxis(name, values) {
  const known = values.filter(Number.isFinite);
  const [low, high] = known.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  return { name, title: name, label: UNITS[name], choices: null, low, high, log: low > 0 && high / low > LOG_FROM, values, isResult: true, worse: LESS_IS_BETTER.includes(name) ? "high" : "low" };
}

/** Add to an axis the position of each value, the value of each position, and the text of a value. */
function placed(axis) {
  const { choices, values } = axis;
  // The values of categories are their places in the list.
  if (choices) Object.assign(axis, { names: shortened(choices), low: 0, high: choices.length - 1, log: false });
  const { low, high, log } = axis;
  // A brush may have a value that the axis could not have.
  const [scale, unscale] = log ? [(value) => Math.log(Math.max(value, Number.MIN_VALUE)), Math.exp] : [(value) => value, (value) => value];
  const [from, to] = [scale(low), scale(high)];
  // One value alone stands in the middle.
  const [start, length] = to > from ? [from, to - from] : [from - 0.5, 1];
  axis.whole = values.every((value) => value === null || Number.isInteger(value));
  axis.format = choices ? (value) => axis.names[value] : number;
  axis.text = (at) => (values[at] === null ? "" : choices ? axis.names[values[at]] : (FORMATS[axis.name] ?? number)(values[at]));
  axis.place = (value) => Math.min(1, Math.max(0, (scale(value) - start) / length));
  axis.valueAt = (position) => unscale(start + position * length);
  axis.position = (at) => (values[at] === null ? null : axis.place(values[at]));
  return axis;
}

/** Categories without their parentheses, where that leaves them different. */
function shortened(choices) {
  const names = choices.map((each) => each.split("(")[0]);
  return new Set(names).size === names.length ? names : choices;
}

const APART = 0.06; // least distance of two ticks, in positions

/** Values of an axis that get ticks: both ends, and round ones between them. */
export function ticks(axis) {
  const { low, high, place } = axis;
  if (!(high > low)) return Number.isFinite(low) ? [low] : [];
  const between = round(axis).filter((tick) => place(tick) > APART && place(tick) < 1 - APART);
  return [low, ...between, high];
}

const MOST_NAMES = 24; // of an axis, so that they can be read

/** Names and positions of an axis's categories that get ticks: of many, evenly chosen ones. */
export function named({ names }) {
  const step = Math.ceil(names.length / MOST_NAMES);
  return names.map((name, place) => [name, place]).filter(([, place]) => place % step === 0);
}

/** Round values from one end of an axis to the other. */
export function round({ log, low, high }) {
  if (!(high > low)) return Number.isFinite(low) ? [low] : [];
  if (log) {
    const decades = Math.log10(high / low);
    const digits = decades > 3 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 5];
    const found = [];
    const step = decades > 8 ? Math.ceil(decades / 6) : 1;
    for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade += step) for (const digit of digits) found.push(digit * 10 ** decade);
    return found.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
  }
  const rough = (high - low) / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * [1, 2, 5, 10].find((each) => each * size >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high * (1 + 1e-9); tick += step) found.push(Number(tick.toPrecision(6)));
  return found;
}
