// Texts of a run's state, and of its position in the queue.

import { STATES } from "../core/format.js";

/** The text of {state, before}. */
export function stateText({ state, before }) {
  if (state !== "queued" || !Number.isInteger(before)) return STATES[state] ?? state;
  return before === 0 ? "waiting, next to start" : `waiting, ${before} ahead`;
}

/** Whether a run has not started: canceling it deletes it. */
export const hasNotStarted = (run) => run.state === "queued" && !run.started;

/** Whether a run that has not started is in no queue of this user: it was queued elsewhere. */
export const isInNoQueue = (run) => hasNotStarted(run) && !Number.isInteger(run.before);

/** The text in place of the pictures of a run that has none. */
export function placeholder(run) {
  if (run.problem) return run.problem;
  if (isInNoQueue(run)) return "This run has not started, and is in no queue.";
  if (run.state === "queued") return "This run starts as soon as there is a free core. You can leave this page.";
  return run.state === "failed" ? "This run could not start." : "The run is being set up …";
}
