// Server-sent events of one run: closed while the page is hidden (a browser has six connections to a server, and
// training pays for being watched), opened again when it is looked at, and after the server was away.

import { ofRun } from "../core/api.js";
import { placed } from "../core/place.js";

const KINDS = ["state", "line", "live", "frame", "moment"];

/** heard: {state(data), line(data), ..., opened(), lost()}; ends with `signal`. */
export function stream(name, heard, signal) {
  let source = null;
  let again = 0;

  function open() {
    close();
    if (document.hidden || signal.aborted) return;
    source = new EventSource(placed(ofRun(name, "/events")));
    source.addEventListener("open", () => heard.opened?.());
    for (const kind of KINDS) source.addEventListener(kind, (event) => heard[kind]?.(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      heard.lost?.();
      close();
      again = setTimeout(open, 1500);
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
