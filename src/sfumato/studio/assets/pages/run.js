// One run: what it learns, beside what it was shown; live while it trains, and as a film.

import { runPage } from "../core/addresses.js";
import { get, left, ofRun, picture, post } from "../core/api.js";
import { curves } from "../charts/curves.js";
import { Paintings, film } from "../viewing/film.js";
import { h, notice } from "../core/element.js";
import { keys } from "../core/keys.js";
import { latest } from "../core/latest.js";
import { messages } from "../core/messages.js";
import { findings, recipePart } from "../run/recipe.js";
import { header } from "../run/header.js";
import { hasNotBegun, notYet } from "../run/queue.js";
import { stream } from "../run/stream.js";
import { Timeline } from "../viewing/timeline.js";
import { Viewer } from "../viewing/viewer.js";
import { decibels, duration, epochs, isLive } from "../core/format.js";

const LOOK = 4000; // ms between looks whether a run that rests was taken up again
const FRESH = 2000; // ms for which a live painting is newer than the last exact one
const REST = 350; // ms at one moment, after which it is worth painting finely

export async function show(root, { name, signal, go, ready }) {
  let run = withNow(await get(ofRun(name), signal));
  const problems = messages();
  const head = header(name, run, act, { began: () => problems.say("act", ""), failed: (error) => problems.say("act", error.message) });
  const stage = h("div", { class: "stage" });
  const notes = findings();
  const charts = curves({ name, signal, press: (epoch) => timeline.seek(epoch), loaded });
  const words = recipePart();
  root.append(head.element, problems.element, stage, notes.element, charts.element, words.element);

  let viewer = null;
  let paintings = null;
  let metrics = null;
  let canceling = false;
  let shots = [];
  let heardAt = Date.now(); // of a live painting last; one is on its way to who opens the page

  const timeline = new Timeline({
    signal,
    show: (_, at) => {
      charts.mark(shots[at]);
      return paint(shots[at]);
    },
    say: (at) => `epoch ${epochs(shots[at].epoch)} · ${duration(shots[at].seconds)} · ${shots[at].exact ? "" : "about "}${decibels(shots[at].psnr)}`,
  });

  /** Make the panes as soon as the picture's size is known. */
  function setUp() {
    if (viewer || !run.width || !run.height) {
      if (!viewer) stage.replaceChildren(h("p", { class: "waiting lead" }, notYet(run)));
      return;
    }
    viewer = new Viewer({ width: run.width, height: run.height, signal });
    paintings = new Paintings(name, run, signal);
    stage.replaceChildren(viewer.element, timeline.element);
    picture(ofRun(name, "/target.png"), signal).then((bitmap) => viewer.target(bitmap)).catch(fail("target"));
    keys(signal, [
      { keys: ["+", "="], shown: "+", says: "Enlarge", run: () => viewer.zoom(1.5) },
      { keys: ["-"], shown: "-", says: "Make smaller", run: () => viewer.zoom(1 / 1.5) },
      { keys: ["0", "Escape"], shown: "0 Esc", says: "The whole picture", run: () => viewer.whole() },
    ]);
  }

  function fill() {
    head.show(run);
    setUp();
    placed();
    words.show(run);
    notes.show(run);
  }

  function loaded(found) {
    metrics = found;
    placed();
  }

  function placed() {
    shots = film(run.frames, metrics?.running);
    timeline.places(shots.map((frame) => frame.epoch));
  }

  /** Show a moment; one that must be computed coarsely first, and finely when the timeline rests there. */
  const paint = latest(async (frame, outdated) => {
    const live = timeline.following && isLive(run.state);
    if (!paintings || (live && Date.now() - heardAt < FRESH)) return;
    const put = (bitmap) => viewer.painting(bitmap, `epoch ${epochs(frame.epoch)}`);
    try {
      put(await paintings.get(frame));
      if (live || timeline.playing || !paintings.finer(frame)) return;
      await rested(REST);
      if (outdated() || signal.aborted) return;
      const bitmap = await paintings.get(frame, { fine: true });
      if (!outdated() && !timeline.playing) put(bitmap);
      problems.say("painting", "");
    } catch (error) {
      fail("painting")(error);
    }
  });

  /** The newest live painting; those that come while one is fetched are skipped but for the last. */
  const live = latest(async (version) => {
    if (!viewer || !timeline.following || timeline.playing) return;
    try {
      const bitmap = await picture(ofRun(name, `/live.jpg?v=${encodeURIComponent(version)}`), signal);
      if (!bitmap || !timeline.following || timeline.playing) return;
      viewer.painting(bitmap, "live");
      problems.say("live", "");
    } catch (error) {
      fail("live")(error);
    }
  });

  /** Ask how the run is; whether it has said so. */
  async function reload() {
    // It is being deleted, and the page is about to be left.
    if (canceling) return false;
    try {
      run = withNow(await get(ofRun(name), signal));
      fill();
      problems.say("run", "");
      return true;
    } catch (error) {
      fail("run")(error);
      return false;
    }
  }

  /** A run that has not begun has no curves, and may be deleted meanwhile. */
  const chart = () => hasNotBegun(run) || charts.refresh();

  async function act(what) {
    canceling = what === "stop" && hasNotBegun(run);
    try {
      await post(ofRun(name, `/${what}`), {}, signal);
    } catch (error) {
      canceling = false;
      throw error;
    }
    if (canceling) {
      await go("/");
      return notice("It is canceled.");
    }
    notice({ pause: "It pauses after its present step.", stop: "It stops after its present step.", resume: "It goes on as soon as there is a core for it." }[what]);
    if (what === "resume") events?.open();
    await reload();
  }

  const fail = (source) => (error) => left(error) || problems.say(source, error.message);

  let charted = false;
  let events = null;
  const watch = () => {
    events ??= stream(
      name,
      {
        gone: reload,
        state: (now) => {
          const before = run.state;
          run = { ...run, ...known(now) };
          head.show(run);
          if (before === run.state && viewer) return;
          reload().then((found) => {
            if (!found) return;
            chart();
            // The last live painting gives way to the exact one.
            if (timeline.following && timeline.at >= 0 && !isLive(run.state)) paint(shots[timeline.at]);
          });
        },
        line: () => charted && chart(),
        moment: () => charted && chart(),
        frame: (frame) => {
          const frames = run.frames ?? [];
          if (frames.some((each) => each.step === frame.step)) return;
          run.frames = [...frames, frame];
          placed();
        },
        live: ({ version, ...now }) => {
          heardAt = Date.now();
          run = { ...run, ...known(now) };
          head.show(run);
          live(version);
        },
      },
      signal,
    );
  };

  fill();
  ready();
  if (isLive(run.state)) watch();
  // While a run trains, the charts' large program waits until its first painting is on screen.
  const late = setTimeout(
    () => {
      charted = true;
      chart();
    },
    isLive(run.state) ? FRESH : 0,
  );
  const timer = setInterval(async () => {
    if (document.hidden || isLive(run.state)) return;
    await reload();
    if (isLive(run.state)) events ? events.open() : watch();
  }, LOOK);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    clearTimeout(late);
  });
  keys(signal, [
    { keys: ["p"], shown: "p", says: "Pause or go on", run: () => head.press() },
    { keys: ["l"], shown: "l", says: "Look inside", run: () => go(runPage(name, "/layers")) },
    { keys: ["z"], shown: "z", says: "Zoom without end", run: () => go(runPage(name, "/zoom")) },
  ]);
}

const rested = (time) => new Promise((resolve) => setTimeout(resolve, time));

/** A run with how far it is now, as state events tell it too. */
const withNow = (run) => ({ ...run, ...known(run.now ?? {}) });

/** What a state event knows; what it leaves out stays as it was. */
const known = (now) => Object.fromEntries(Object.entries(now).filter(([, value]) => value !== null && value !== undefined));
