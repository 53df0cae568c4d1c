// Work that is asked for faster than it is done: what is under way is finished, then the newest wish, and none between.

/**
 * wrap(work): a function that takes a wish and resolves when nothing is left to do. `work(wish, outdated)` may look
 * whether there is a newer wish. What it throws goes to whoever wished last.
 */
export function latest(work) {
  let next = null;
  let running = null;
  async function all() {
    try {
      while (next) {
        const { wish } = next;
        next = null;
        await work(wish, () => next !== null);
      }
    } finally {
      running = null;
    }
  }
  return (wish) => {
    next = { wish };
    return (running ??= all());
  };
}
