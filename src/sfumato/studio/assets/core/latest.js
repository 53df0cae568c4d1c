// Work that is requested faster than it is done: the current request is finished, then the newest one, and none between.

/**
  * Return a function that takes a request and resolves when no work is left. `work(request, outdated)` may check whether
  * there is a newer request. What it throws goes to the latest caller.
 */
export function latest(work) {
  let next = null;
  let running = null;
  async function all() {
    try {
      while (next) {
        const { request } = next;
        next = null;
        await work(request, () => next !== null);
      }
    } finally {
      running = null;
    }
  }
  return (request) => {
    next = { request };
    return (running ??= all());
  };
}
