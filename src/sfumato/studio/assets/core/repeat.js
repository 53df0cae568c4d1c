// Work that a page repeats while it is open and can be seen.

/** Call `run` every `milliseconds` until `signal` aborts; not in a hidden tab, nor while the last call is under way. */
export function repeat(run, milliseconds, signal) {
  let busy = false;
  const timer = setInterval(async () => {
    if (document.hidden || busy) return;
    busy = true;
    try {
      await run();
    } finally {
      busy = false;
    }
  }, milliseconds);
  signal.addEventListener("abort", () => clearInterval(timer));
}
