// Server-sent events of one run: closed while the page is hidden (a browser has six connections to a server, and
// training pays for being watched), opened again when it is looked at, and after the server was away.

import { ofRun } from "../core/api.js";
import { answering } from "../core/connection.js";
import { placed } from "../core/place.js";

const KINDS = ["state", "line", "live", "frame", "moment"];
const AGAIN = 1500; // ms after a stream was cut off

/** heard: {state(data), line(data), ..., gone()}; ends with `signal`, or when the run is deleted. */
export function stream(name, heard, signal) {
  let source = null;
  let again = 0;
  let ended = false;

  function open() {
    close();
    if (document.hidden || signal.aborted || ended) return;
    source = new EventSource(placed(ofRun(name, "/events")));
    for (const kind of KINDS) source.addEventListener(kind, (event) => heard[kind]?.(JSON.parse(event.data)));
    source.addEventListener("gone", () => {
      ended = true;
      close();
      heard.gone?.();
    });
    source.addEventListener("error", () => {
      close();
      again = setTimeout(() => answering(signal).then(() => source ?? open(), () => {}), AGAIN);
      // At once, so that the page says soon where the studio is away.
      answering(signal).catch(() => {});
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
