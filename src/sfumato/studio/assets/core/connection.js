// Whether the studio responds. While it does not, one line says so on every page, and requests that wait are retried.

const PROBE = new URL("../icon.svg", import.meta.url);
const RETRY_INTERVAL = 1500; // ms between two tries
const MESSAGE_DELAY = 1000; // ms: requests that a browser aborts while it leaves a page are not reported
const GATEWAY = [502, 503, 504]; // status codes of a proxy when the studio does not respond
const MESSAGE = "The studio does not respond; this page continues when it does. Is `sfumato studio` still running?";

const line = document.getElementById("away");
let waiting = null;

/** Whether a response comes from a proxy and not from the studio. */
export const isGateway = (answer) => GATEWAY.includes(answer.status) && !answer.headers.get("content-type")?.startsWith("application/json");

/** Resolves when the studio responds, maybe at once; rejects with AbortError when `signal` is aborted before. */
export function reachable(signal) {
  waiting ??= waitUntilReachable().finally(() => (waiting = null));
  return unlessAborted(signal, waiting);
}

async function waitUntilReachable() {
  const timer = setTimeout(() => (line.textContent = MESSAGE), MESSAGE_DELAY);
  while (!(await isReachable())) await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL));
  clearTimeout(timer);
  if (!line.textContent) return;
  line.textContent = "";
  document.dispatchEvent(new Event("reachable-again"));
}

async function isReachable() {
  try {
    return !isGateway(await fetch(PROBE, { method: "HEAD", cache: "no-store" }));
  } catch {
    return false;
  }
}

/** Return what a promise resolves to, unless `signal` is aborted before. */
function unlessAborted(signal, promise) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
