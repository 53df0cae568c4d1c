// Whether the studio answers. While it does not, one line says so on every page, and what waits for it goes on by itself.

const PROBE = new URL("../icon.svg", import.meta.url);
const AGAIN = 1500; // ms between two tries
const SAID_AFTER = 1000; // ms: a browser cuts requests off while it leaves a page, and that is nobody's business
const GATEWAY = [502, 503, 504]; // what something between the page and the studio answers when the studio is away
const WORDS = "The studio does not answer; this page goes on as soon as it does. Is `sfumato studio` still running?";

const line = document.getElementById("away");
let waiting = null;

/** Whether an answer is not the studio's own. */
export const isGateway = (answer) => GATEWAY.includes(answer.status) && !answer.headers.get("content-type")?.startsWith("application/json");

/** Resolves when the studio answers, which may be at once; rejects with AbortError when `signal` is aborted before. */
export function answering(signal) {
  waiting ??= tried().finally(() => (waiting = null));
  return unless(signal, waiting);
}

async function tried() {
  const saying = setTimeout(() => (line.textContent = WORDS), SAID_AFTER);
  while (!(await answers())) await new Promise((again) => setTimeout(again, AGAIN));
  clearTimeout(saying);
  if (!line.textContent) return;
  line.textContent = "";
  document.dispatchEvent(new Event("answers-again"));
}

async function answers() {
  try {
    return !isGateway(await fetch(PROBE, { method: "HEAD", cache: "no-store" }));
  } catch {
    return false;
  }
}

/** What a promise resolves to, unless `signal` is aborted before. */
function unless(signal, promise) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
