// The server's interface: JSON there and back, and its one plain line where something is wrong.

import { answering, isGateway } from "./connection.js";
import { placed } from "./place.js";

const MOST_TRIES = 4; // of a question whose answer is cut off though the studio answers others
const PAUSE = 300; // ms more before each of them

let token = document.querySelector('meta[name="sfumato-token"]').content;

/** What the server refused, in words for the page; `field` is the recipe's path it is about, or null. */
export class Problem extends Error {
  constructor(text, field = null, status = 0) {
    super(text);
    this.field = field;
    this.status = status;
  }
}

/** There was no answer, or only a part of one. */
class CutOff extends Problem {}

export const get = (path, signal) => patiently(signal, () => told(path, { signal }));

/** Ask something that takes a body and changes nothing. */
export const ask = (path, body, signal) => patiently(signal, () => post(path, body, signal));

/** Have something done. It is asked for once: without an answer nobody knows whether it was done. */
export const post = (path, body, signal) => handed(path, "application/json", JSON.stringify(body ?? {}), {}, signal);

/** Hand in a picture's file as it is. */
export const upload = (file, signal) =>
  handed("/api/pictures", "application/octet-stream", file, { "X-Name": encodeURIComponent(file.name.toWellFormed()) }, signal);

/** A picture, decoded and ready to be drawn; null where there is none any more. */
export const picture = (path, signal) =>
  patiently(signal, async () => {
    const { answer, body } = await fetched(path, { signal }, (found) => found.blob());
    if (!answer.ok) throw new Problem("A picture of this run is not there any more.", null, answer.status);
    if (answer.status === 204) return null;
    return createImageBitmap(body).catch(() => {
      throw new Problem("A picture of this run cannot be shown: it is damaged.");
    });
  });

/** The address of something of a run. */
export const ofRun = (name, rest = "") => `/api/runs/${encodeURIComponent(name)}${rest}`;

/** Whether an error only means that the page was left. */
export const left = (error) => error?.name === "AbortError";

/** A question is asked again when the studio answers again. */
async function patiently(signal, question) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof CutOff) || tries === MOST_TRIES) throw error;
      if (tries > 1) await new Promise((resolve) => setTimeout(resolve, PAUSE * tries));
      await answering(signal);
    }
  }
}

async function handed(path, kind, body, headers, signal) {
  const once = () => told(path, { signal, method: "POST", headers: { ...headers, "Content-Type": kind, "X-Sfumato-Token": token }, body });
  try {
    return await once();
  } catch (error) {
    // A server that was started anew has another token: take it from its page, and ask once more.
    if (error.status !== 403 || !(await renewed(signal))) throw error;
    return once();
  }
}

async function renewed(signal) {
  const { body } = await fetched("/", { signal }, (answer) => answer.text());
  const page = new DOMParser().parseFromString(body, "text/html");
  const found = page.querySelector('meta[name="sfumato-token"]')?.content;
  const other = Boolean(found) && found !== token;
  if (other) token = found;
  return other;
}

async function told(path, options) {
  const { answer, body } = await fetched(path, { cache: "no-cache", ...options }, (found) => found.text());
  let data = null;
  try {
    data = JSON.parse(body);
  } catch {
    if (answer.ok) throw new Problem("The studio's answer cannot be read.");
  }
  if (!answer.ok) throw new Problem(data?.problem ?? `The studio answered ${answer.status}.`, data?.field ?? null, answer.status);
  return data;
}

/** {answer, body}, both whole. Throws AbortError where the page was left meanwhile, CutOff where the studio is away. */
async function fetched(path, options, read) {
  let found;
  try {
    const answer = await fetch(placed(path), options);
    if (!isGateway(answer)) found = { answer, body: await read(answer) };
  } catch (error) {
    if (left(error)) throw error;
  }
  // An answer that comes when nobody waits for it any more is none.
  options.signal?.throwIfAborted();
  if (found) return found;
  answering().catch(() => {});
  throw new CutOff("The studio did not answer, so it may or may not have done this. Look before you try again.");
}
