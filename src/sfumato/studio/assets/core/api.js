// The server's API: JSON in both directions, and one plain line for an error.

import { reachable, isGateway } from "./connection.js";
import { withPrefix } from "./place.js";

const MAX_TRIES = 4; // of a request whose response is cut off though the studio responds to others
const BACKOFF = 300; // ms more before each try

let token = document.querySelector('meta[name="sfumato-token"]').content;

/** An error from the server, in one line for people; `field` is the path in the recipe that it is about, or null. */
export class Problem extends Error {
  constructor(text, field = null, status = 0) {
    super(text);
    this.field = field;
    this.status = status;
  }
}

/** There was no response, or only a part of one. */
class CutOff extends Problem {}

export const get = (path, signal) => withRetries(signal, () => fetchJson(path, { signal }));

/** Send a request with a body that changes nothing on the server. */
export const ask = (path, body, signal) => withRetries(signal, () => post(path, body, signal));

/** Send a request that changes something. It is not retried: without a response nobody knows whether it was done. */
export const post = (path, body, signal) => send(path, "application/json", JSON.stringify(body ?? {}), {}, signal);

/** Upload a picture's file unchanged. */
export const upload = (file, signal) =>
  send("/api/pictures", "application/octet-stream", file, { "X-Name": encodeURIComponent(file.name.toWellFormed()) }, signal);

/** Fetch a picture as a decoded bitmap; null if it no longer exists. */
export const picture = (path, signal) =>
  withRetries(signal, async () => {
    const { response, body } = await fetchComplete(path, { signal }, (found) => found.blob());
    if (!response.ok) throw new Problem("A picture of this run no longer exists.", null, response.status);
    if (response.status === 204) return null;
    return createImageBitmap(body).catch(() => {
      throw new Problem("A picture of this run cannot be shown: it is damaged.");
    });
  });

/** The API's URL of a run, or of something of it. */
export const runUrl = (name, rest = "") => `/api/runs/${encodeURIComponent(name)}${rest}`;

/** Whether an error only means that the request was aborted. */
export const isAbort = (error) => error?.name === "AbortError";

/** Retry a request when the studio responds again. */
async function withRetries(signal, request) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof CutOff) || tries === MAX_TRIES) throw error;
      if (tries > 1) await new Promise((resolve) => setTimeout(resolve, BACKOFF * tries));
      await reachable(signal);
    }
  }
}

async function send(path, kind, body, headers, signal) {
  const attempt = () => fetchJson(path, { signal, method: "POST", headers: { ...headers, "Content-Type": kind, "X-Sfumato-Token": token }, body });
  try {
    return await attempt();
  } catch (error) {
    // A restarted server has another token: take it from its page, and try once more.
    if (error.status !== 403 || !(await refreshToken(signal))) throw error;
    return attempt();
  }
}

async function refreshToken(signal) {
  const { body } = await fetchComplete("/", { signal }, (response) => response.text());
  const page = new DOMParser().parseFromString(body, "text/html");
  const found = page.querySelector('meta[name="sfumato-token"]')?.content;
  const other = Boolean(found) && found !== token;
  if (other) token = found;
  return other;
}

async function fetchJson(path, options) {
  const { response, body } = await fetchComplete(path, { cache: "no-cache", ...options }, (found) => found.text());
  let data = null;
  try {
    data = JSON.parse(body);
  } catch {
    if (response.ok) throw new Problem("The studio's response cannot be read.");
  }
  if (!response.ok) throw new Problem(data?.problem ?? `The studio responded with status ${response.status}.`, data?.field ?? null, response.status);
  return data;
}

/** Return {response, body}, both complete. Throw AbortError if aborted, and CutOff if the studio does not respond. */
async function fetchComplete(path, options, read) {
  let found;
  try {
    const response = await fetch(withPrefix(path), options);
    if (!isGateway(response)) found = { response, body: await read(response) };
  } catch (error) {
    if (isAbort(error)) throw error;
  }
  // Ignore a response that arrives after the request was aborted.
  options.signal?.throwIfAborted();
  if (found) return found;
  reachable().catch(() => {});
  throw new CutOff("The studio did not respond, so this may or may not have been done. Check before you try again.");
}
