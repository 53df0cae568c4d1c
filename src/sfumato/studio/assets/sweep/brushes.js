// The brushes of axes: which values of each are kept, and so which configurations.

export const ALL = null; // a brush of all values
const MARGIN = 1e-9; // in positions, so that a brush up to a value has the value

/** The brushes of axes by name. They are of values, because the positions of values change while a sweep searches. */
export class Brushes {
  #intervals = new Map(); // by name, the least and the greatest value; infinite at an end that is open

  /** changed() is called after every change. */
  constructor(changed) {
    this.changed = changed;
  }

  get size() {
    return this.#intervals.size;
  }

  /** The positions of a brush's ends, or ALL. */
  of(axis) {
    const interval = this.#intervals.get(axis.name);
    return interval ? interval.map((value, end) => (Number.isFinite(value) ? axis.place(value) : end)) : ALL;
  }

  /** Brush between two positions; a brush to the end of an axis has what is beyond it, too. */
  set(axis, positions) {
    this.#keep(axis, positions === ALL ? [-Infinity, Infinity] : [lowest(axis, positions[0]), highest(axis, positions[1])]);
  }

  /** Move one end of a brush, "from" or "to", to a position; it pushes the other one, which otherwise stays where it is. */
  move(axis, end, position) {
    const [low, high] = this.#intervals.get(axis.name) ?? [-Infinity, Infinity];
    const [from, to] = this.of(axis) ?? [0, 1];
    if (end === "from") this.#keep(axis, [lowest(axis, position), position > to ? highest(axis, position) : high]);
    else this.#keep(axis, [position < from ? lowest(axis, position) : low, highest(axis, position)]);
  }

  clear() {
    this.#intervals.clear();
    this.changed();
  }

  /** The least and the greatest value inside of a brush; the first is greater if there is none. */
  ends(axis) {
    const [low, high] = this.#intervals.get(axis.name) ?? [-Infinity, Infinity];
    const ends = [Math.max(low, axis.low), Math.min(high, axis.high)];
    return axis.whole ? [Math.ceil(ends[0]), Math.floor(ends[1])] : ends;
  }

  /** What is inside of a brush, in words. */
  text(axis) {
    if (!this.#intervals.has(axis.name)) return "all";
    const [from, to] = this.ends(axis);
    if (from > to) return "none";
    const texts = [axis.format(from), axis.format(to)];
    return texts[0] === texts[1] ? texts[0] : texts.join(" to ");
  }

  /** Return a function that tells whether a configuration is inside of all brushes. */
  test(axes) {
    const brushed = axes.map((axis) => [axis.values, this.#intervals.get(axis.name)]).filter(([, interval]) => interval);
    return (row) =>
      brushed.every(([values, [low, high]]) => {
        const value = values[row.at];
        return value !== null && value >= low && value <= high;
      });
  }

  #keep(axis, interval) {
    interval.some(Number.isFinite) ? this.#intervals.set(axis.name, interval) : this.#intervals.delete(axis.name);
    this.changed();
  }
}

const lowest = (axis, position) => (position <= 0 ? -Infinity : axis.valueAt(position - MARGIN));
const highest = (axis, position) => (position >= 1 ? Infinity : axis.valueAt(position + MARGIN));
