// Server-sent events of one run: closed while the page is hidden (a browser has six connections per server, and being
// watched slows training down), and opened again when it is visible, and after the server was away.

import { runUrl } from "../core/api.js";
import { reachable } from "../core/connection.js";
import { withPrefix } from "../core/place.js";

const KINDS = ["state", "line", "live", "frame", "moment"];
const RECONNECT_DELAY = 1500; // ms after a stream was cut off

/** handlers: {state(data), line(data), ..., gone()}; ends with `signal`, or when the run is deleted. */
export function stream(name, handlers, signal) {
  let source = null;
  let again = 0;
  let ended = false;

  function open() {
    close();
    if (document.hidden || signal.aborted || ended) return;
    source = new EventSource(withPrefix(runUrl(name, "/events")));
    for (const kind of KINDS) source.addEventListener(kind, (event) => handlers[kind]?.(JSON.parse(event.data)));
    source.addEventListener("gone", () => {
      ended = true;
      close();
      handlers.gone?.();
    });
    source.addEventListener("error", () => {
      close();
      again = setTimeout(() => reachable(signal).then(() => source ?? open(), () => {}), RECONNECT_DELAY);
      // Check at once, so that the page soon says that the studio does not respond.
      reachable(signal).catch(() => {});
    });
  }

  function close() {
    clearTimeout(again);
    source?.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()), { signal });
  signal.addEventListener("abort", close);
  open();
  return { close, open };
}
