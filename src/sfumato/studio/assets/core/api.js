// The server's interface: JSON there and back, and its one plain line where something is wrong.

import { placed } from "./place.js";

let token = document.querySelector('meta[name="sfumato-token"]').content;

/** What the server refused, in words for the page; `field` is the recipe's path it is about, or null. */
export class Problem extends Error {
  constructor(text, field = null, status = 0) {
    super(text);
    this.field = field;
    this.status = status;
  }
}

export const get = (path, signal) => asked(path, { signal });

export const post = (path, body, signal) => handed(path, "application/json", JSON.stringify(body ?? {}), {}, signal);

/** Hand in a picture's file as it is. */
export const upload = (file, signal) =>
  handed("/api/pictures", "application/octet-stream", file, { "X-Name": encodeURIComponent(file.name) }, signal);

async function handed(path, kind, body, headers, signal) {
  const once = () => asked(path, { signal, method: "POST", headers: { ...headers, "Content-Type": kind, "X-Sfumato-Token": token }, body });
  try {
    return await once();
  } catch (error) {
    // A server that was started anew has another token: take it from its page, and ask once more.
    if (error.status !== 403 || !(await renewed(signal))) throw error;
    return once();
  }
}

async function renewed(signal) {
  const page = new DOMParser().parseFromString(await (await fetch(placed("/"), { signal })).text(), "text/html");
  const found = page.querySelector('meta[name="sfumato-token"]')?.content;
  const other = Boolean(found) && found !== token;
  if (other) token = found;
  return other;
}

/** The address of something of a run. */
export const ofRun = (name, rest = "") => `/api/runs/${encodeURIComponent(name)}${rest}`;

async function asked(path, options) {
  let answer;
  try {
    answer = await fetch(placed(path), { cache: "no-cache", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The studio does not answer. Is `sfumato studio` still running?");
  }
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(body?.problem ?? `The studio answered ${answer.status}.`, body?.field ?? null, answer.status);
  return body;
}

/** A picture, decoded and ready to be drawn; null where there is none any more. */
export async function picture(path, signal) {
  const answer = await fetch(placed(path), { signal });
  if (!answer.ok) throw new Problem(`${path} is not there.`, null, answer.status);
  return answer.status === 204 ? null : createImageBitmap(await answer.blob());
}

/** Whether an error only means that the page was left. */
export const left = (error) => error?.name === "AbortError";
