// What is said of a run's state: how many are before one that waits for its turn.

import { STATES } from "../core/format.js";

/** The state of {state, before} in words. */
export function stateText({ state, before }) {
  if (state !== "queued" || !Number.isInteger(before)) return STATES[state] ?? state;
  return before === 0 ? "waiting, next to begin" : `waiting, ${before} before yours`;
}

/** Whether a run was asked for and has not begun: whoever cancels it has it deleted. */
export const hasNotBegun = (run) => run.state === "queued" && !run.started;

/** Whether a run that has not begun waits for a person: whoever queued it did so elsewhere. */
export const hasNoPlace = (run) => hasNotBegun(run) && !Number.isInteger(run.before);

/** What is on screen in place of the pictures of a run that has none. */
export function notYet(run) {
  if (run.problem) return run.problem;
  if (hasNoPlace(run)) return "It has not begun, and is in nobody's queue.";
  if (run.state === "queued") return "It begins as soon as there is a core for it. This page can be left.";
  return run.state === "failed" ? "It could not begin." : "The run is being set up …";
}
