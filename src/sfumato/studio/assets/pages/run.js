// One run: its target and its painting side by side, live while it trains, and as a film.

import { runPage } from "../core/addresses.js";
import { get, isAbort, runUrl, picture, post } from "../core/api.js";
import { curves } from "../charts/curves.js";
import { Paintings, film } from "../viewing/film.js";
import { h, notice } from "../core/element.js";
import { keys } from "../core/keys.js";
import { latest } from "../core/latest.js";
import { messages } from "../core/messages.js";
import { repeat } from "../core/repeat.js";
import { findings, recipePart } from "../run/recipe.js";
import { header } from "../run/header.js";
import { hasNotStarted, placeholder } from "../run/queue.js";
import { stream } from "../run/stream.js";
import { Timeline } from "../viewing/timeline.js";
import { Viewer } from "../viewing/viewer.js";
import { decibels, duration, epochs, isLive } from "../core/format.js";

const LOOK = 4000; // ms between checks of whether an inactive run was resumed
const FRESH = 2000; // ms for which a live painting is preferred to the last exact one
const REST = 350; // ms at one moment before it is rendered at full resolution

export async function show(root, { name, signal, go, ready }) {
  let run = withNow(await get(runUrl(name), signal));
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
  let frames = [];
  let liveAt = Date.now(); // when the last live painting came; one is on its way when the page opens

  const timeline = new Timeline({
    signal,
    show: (_, at) => {
      charts.mark(frames[at]);
      return paint(frames[at]);
    },
    say: (at) => `epoch ${epochs(frames[at].epoch)} · ${duration(frames[at].seconds)} · ${frames[at].exact ? "" : "about "}${decibels(frames[at].psnr)}`,
  });

  /** Create the panes when the picture's size is known. */
  function setUp() {
    if (viewer || !run.width || !run.height) {
      if (!viewer) stage.replaceChildren(h("p", { class: "waiting lead" }, placeholder(run)));
      return;
    }
    viewer = new Viewer({ width: run.width, height: run.height, signal });
    paintings = new Paintings(name, run, signal);
    stage.replaceChildren(viewer.element, timeline.element);
    picture(runUrl(name, "/target.png"), signal).then((bitmap) => viewer.target(bitmap)).catch(fail("target"));
    keys(signal, [
      { keys: ["+", "="], label: "+", help: "Zoom in", run: () => viewer.zoom(1.5) },
      { keys: ["-"], label: "-", help: "Zoom out", run: () => viewer.zoom(1 / 1.5) },
      { keys: ["0", "Escape"], label: "0 Esc", help: "The whole picture", run: () => viewer.whole() },
    ]);
  }

  function fill() {
    head.show(run);
    setUp();
    updateTimeline();
    words.show(run);
    notes.show(run);
  }

  function loaded(found) {
    metrics = found;
    updateTimeline();
  }

  function updateTimeline() {
    frames = film(run.frames, metrics?.running);
    timeline.positions(frames.map((frame) => frame.epoch));
  }

  /** Show a moment; one without an exact frame coarsely first, and in full when the timeline rests on it. */
  const paint = latest(async (frame, outdated) => {
    const live = timeline.following && isLive(run.state);
    if (!paintings || (live && Date.now() - liveAt < FRESH)) return;
    const put = (bitmap) => viewer.painting(bitmap, `epoch ${epochs(frame.epoch)}`);
    try {
      put(await paintings.get(frame));
      if (live || timeline.playing || !paintings.finer(frame)) return;
      await wait(REST);
      if (outdated() || signal.aborted) return;
      const bitmap = await paintings.get(frame, { fine: true });
      if (!outdated() && !timeline.playing) put(bitmap);
      problems.say("painting", "");
    } catch (error) {
      fail("painting")(error);
    }
  });

  /** Show the newest live painting; of those that arrive while one is loading, only the last. */
  const live = latest(async (version) => {
    if (!viewer || !timeline.following || timeline.playing) return;
    try {
      const bitmap = await picture(runUrl(name, `/live.jpg?v=${encodeURIComponent(version)}`), signal);
      if (!bitmap || !timeline.following || timeline.playing) return;
      viewer.painting(bitmap, "live");
      problems.say("live", "");
    } catch (error) {
      fail("live")(error);
    }
  });

  /** Reload the run's data; return whether that succeeded. */
  async function reload() {
    // The run is being deleted, and the page will be left.
    if (canceling) return false;
    try {
      run = withNow(await get(runUrl(name), signal));
      fill();
      problems.say("run", "");
      return true;
    } catch (error) {
      fail("run")(error);
      return false;
    }
  }

  /** Refresh the curves; a run that has not started has none, and may be deleted in the meantime. */
  const chart = () => hasNotStarted(run) || charts.refresh();

  async function act(what) {
    canceling = what === "stop" && hasNotStarted(run);
    try {
      await post(runUrl(name, `/${what}`), {}, signal);
    } catch (error) {
      canceling = false;
      throw error;
    }
    if (canceling) {
      await go("/");
      return notice("The run was canceled.");
    }
    notice({ pause: "It pauses after the current step.", stop: "It stops after the current step.", resume: "It continues as soon as there is a free core." }[what]);
    if (what === "resume") events?.open();
    await reload();
  }

  const fail = (source) => (error) => isAbort(error) || problems.say(source, error.message);

  let showsCharts = false;
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
            // Replace the last live painting by the exact one.
            if (timeline.following && timeline.at >= 0 && !isLive(run.state)) paint(frames[timeline.at]);
          });
        },
        line: () => showsCharts && chart(),
        moment: () => showsCharts && chart(),
        frame: (frame) => {
          const frames = run.frames ?? [];
          if (frames.some((each) => each.step === frame.step)) return;
          run.frames = [...frames, frame];
          updateTimeline();
        },
        live: ({ version, ...now }) => {
          liveAt = Date.now();
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
  // While a run trains, load Plotly, which is large, only after the first painting is on screen.
  const chartTimer = setTimeout(
    () => {
      showsCharts = true;
      chart();
    },
    isLive(run.state) ? FRESH : 0,
  );
  const look = async () => {
    if (isLive(run.state)) return;
    await reload();
    if (isLive(run.state)) events ? events.open() : watch();
  };
  repeat(look, LOOK, signal);
  signal.addEventListener("abort", () => clearTimeout(chartTimer));
  keys(signal, [
    { keys: ["p"], label: "p", help: "Pause or resume", run: () => head.press() },
    { keys: ["l"], label: "l", help: "Inspect layers", run: () => go(runPage(name, "/layers")) },
    { keys: ["z"], label: "z", help: "Infinite zoom", run: () => go(runPage(name, "/zoom")) },
  ]);
}

const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));

/** A run with its current progress, as state events have it too. */
const withNow = (run) => ({ ...run, ...known(run.now ?? {}) });

/** The values of a state event that are known; others keep their last value. */
const known = (now) => Object.fromEntries(Object.entries(now).filter(([, value]) => value !== null && value !== undefined));
