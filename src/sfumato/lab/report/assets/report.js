"use strict";
// The film and the curves share one point of training and one axis. No library; the state is `axis`, `fraction`, `chosen`.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const SECONDS = 8;
  const film = data.film, curves = data.curves;
  const tiles = [...document.querySelectorAll("[data-film]")];
  const slider = document.getElementById("moment"), play = document.getElementById("play");
  const now = document.getElementById("now"), chart = document.getElementById("chart");
  const chosen = new Set();
  let axis = "epoch", fraction = 1, playing = false, before = 0;

  const known = (key) => film.some((arm) => arm.frames.some((each) => each[key] !== null))
    || curves.some((arm) => arm.points.some((each) => each[key] !== null));
  const axisEnd = () => Math.max(1e-12, ...film.flatMap((arm) => arm.frames.map((each) => each[axis] ?? 0)));
  const format = (value) => Number(value.toPrecision(3)).toLocaleString("en");

  function show() {
    const at = fraction * axisEnd() * (1 + 1e-9);
    tiles.forEach((tile) => {
      const arm = film[Number(tile.dataset.film)];
      const image = tile.querySelector("img"), score = tile.querySelector(".score");
      const past = arm.frames.filter((each) => each[axis] !== null && each[axis] <= at);
      const frame = past[past.length - 1];
      image.hidden = !frame;
      tile.querySelector(".not-yet").hidden = Boolean(frame);
      score.textContent = frame && frame.psnr !== null ? `${frame.psnr.toFixed(2)} dB` : "";
      if (!frame) {
        image.alt = "";
      } else if (image.src !== frame.src) {
        image.src = frame.src;
      }
      if (frame) image.alt = `Painting by ${arm.name} at ${format(frame[axis])} ${data.axes[axis]}`;
    });
    if (slider) {
      slider.value = String(Math.round(fraction * 1000));
      const text = `${format(fraction * axisEnd())} ${data.axes[axis]}`;
      slider.setAttribute("aria-valuetext", text);
      now.textContent = text;
    }
    const line = chart && chart.querySelector(".now");
    if (line) moveMarker(line);
  }

  function setPlaying(value) {
    playing = value;
    if (playing && fraction >= 1) fraction = 0;
    play.textContent = playing ? "Pause" : "Play";
    play.setAttribute("aria-pressed", String(playing));
    before = performance.now();
    if (playing) requestAnimationFrame(tick);
    show();
  }

  function tick(time) {
    if (!playing) return;
    fraction = Math.min(1, fraction + Math.max(0, time - before) / 1000 / SECONDS);
    before = time;
    if (fraction >= 1) setPlaying(false);
    else { show(); requestAnimationFrame(tick); }
  }

  function step(direction) {
    const last = axisEnd();
    const marks = film.flatMap((arm) => arm.frames.map((each) => each[axis])).filter((each) => each !== null)
      .map((each) => each / last).sort((a, b) => a - b);
    const found = direction > 0 ? marks.find((each) => each > fraction + 1e-6) : marks.filter((each) => each < fraction - 1e-6).pop();
    fraction = found ?? (direction > 0 ? 1 : 0);
    show();
  }

  function follow() {
    document.querySelectorAll(".axis input").forEach((input) => {
      input.checked = input.value === axis;
      input.disabled = !known(input.value);
    });
    draw();
    show();
  }

  if (slider) {
    slider.addEventListener("input", () => {
      fraction = Number(slider.value) / 1000;
      if (playing) setPlaying(false); else show();
    });
    play.addEventListener("click", () => setPlaying(!playing));
    document.querySelector(".player").addEventListener("keydown", (event) => {
      const radio = event.target.type === "radio", button = event.target.tagName === "BUTTON";
      const action = {
        " ": () => setPlaying(!playing), ArrowRight: () => step(1), ArrowLeft: () => step(-1),
        Home: () => { fraction = 0; show(); }, End: () => { fraction = 1; show(); },
      }[event.key];
      if (!action || event.ctrlKey || event.altKey || event.metaKey || radio || (button && event.key === " ")) return;
      event.preventDefault();
      if (event.key !== " " && playing) setPlaying(false);
      action();
    });
  }
  document.querySelectorAll(".axis input").forEach((input) => input.addEventListener("change", () => {
    axis = input.value;
    follow();
  }));

  // The chart.
  function append(parent, kind, attributes, text) {
    const element = document.createElementNS(SVG, kind);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  }

  function ticks(low, high, count) {
    const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
    const size = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
    const found = [];
    for (let value = Math.ceil(low / size - 1e-9) * size; value <= high + size * 1e-9; value += size) {
      found.push(Number(value.toPrecision(12)));
    }
    return found;
  }

  let scaleX = null, plot = null;

  function moveMarker(line) {
    const at = fraction * axisEnd();
    const visible = film.length > 0 && fraction < 1 && at <= plot.last;
    line.setAttribute("visibility", visible ? "visible" : "hidden");
    line.setAttribute("x1", scaleX(at));
    line.setAttribute("x2", scaleX(at));
  }

  function draw() {
    if (!chart) return;
    const arms = curves.map((arm, number) => ({
      number, name: arm.name, points: arm.points.filter((each) => each[axis] !== null),
    })).filter((arm) => arm.points.length);
    const width = Math.max(280, chart.clientWidth), height = Math.round(Math.min(480, Math.max(280, width * 0.5)));
    const named = width > 640 && arms.length <= 12;
    const edge = { left: 40, right: named ? 150 : 12, top: 24, bottom: 46 };
    const all = arms.flatMap((arm) => arm.points);
    const last = Math.max(1e-12, ...all.map((each) => each[axis]));
    let low = Math.min(...all.map((each) => each.low)), high = Math.max(...all.map((each) => each.high));
    if (!(high - low > 1e-6)) { low -= 0.5; high += 0.5; }
    const margin = 0.04 * (high - low);
    low -= margin; high += margin;
    const x = (value) => edge.left + value / last * (width - edge.left - edge.right);
    const y = (value) => height - edge.bottom - (value - low) / (high - low) * (height - edge.top - edge.bottom);
    scaleX = x; plot = { last };
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("aria-hidden", "true");
    ticks(low, high, height / 60).forEach((value) => {
      append(svg, "line", { class: "rule", x1: edge.left, x2: width - edge.right, y1: y(value), y2: y(value) });
      append(svg, "text", { x: edge.left - 8, y: y(value) + 4, "text-anchor": "end" }, format(value));
    });
    append(svg, "text", { x: 0, y: 12 }, data.measure);
    ticks(0, last, width / 110).forEach((value) => {
      append(svg, "text", { x: x(value), y: height - edge.bottom + 20, "text-anchor": "middle" }, format(value));
    });
    append(svg, "text", { x: (edge.left + width - edge.right) / 2, y: height - 6, "text-anchor": "middle", class: "axis-name" }, data.axes[axis]);
    const faded = (arm) => chosen.size && !chosen.has(arm.number) ? " faded" : "";
    const color = (arm) => `c${arm.number % 8}`;
    arms.forEach((arm) => {
      const up = arm.points.map((each) => `${x(each[axis]).toFixed(1)},${y(each.high).toFixed(1)}`);
      const down = arm.points.map((each) => `${x(each[axis]).toFixed(1)},${y(each.low).toFixed(1)}`).reverse();
      if (!faded(arm)) append(svg, "polygon", { class: `band ${color(arm)}`, points: [...up, ...down].join(" ") });
    });
    arms.forEach((arm) => {
      const points = arm.points.map((each) => `${x(each[axis]).toFixed(1)},${y(each.mean).toFixed(1)}`).join(" ");
      const dash = `d${Math.floor(arm.number / 8) % 4}`;
      const line = append(svg, "polyline", { class: `curve ${color(arm)} ${dash}${faded(arm)}`, points });
      append(line, "title", {}, arm.name);
    });
    if (named) label(svg, arms, x, y, edge, height, faded);
    append(svg, "line", { class: "now", y1: edge.top, y2: height - edge.bottom });
    chart.replaceChildren(svg);
    moveMarker(svg.querySelector(".now"));
  }

  // Names at the ends of the lines, moved apart where they would overlap.
  function label(svg, arms, x, y, edge, height, faded) {
    const GAP = 16;
    const found = arms.map((arm) => ({ arm, end: arm.points[arm.points.length - 1] }))
      .map((each) => ({ ...each, at: y(each.end.mean) })).sort((a, b) => a.at - b.at);
    for (let i = 1; i < found.length; i += 1) found[i].at = Math.max(found[i].at, found[i - 1].at + GAP);
    let floor = height - edge.bottom;
    for (let i = found.length - 1; i >= 0; i -= 1) { found[i].at = Math.min(found[i].at, floor); floor = found[i].at - GAP; }
    const right = Math.max(...found.map((each) => x(each.end[axis])));
    found.forEach(({ arm, at, end }) => {
      const name = arm.name.length > 18 ? `${arm.name.slice(0, 17)}…` : arm.name;
      append(svg, "line", { class: `rule${faded(arm)}`, x1: x(end[axis]) + 3, y1: y(end.mean), x2: right + 10, y2: at });
      append(svg, "text", { x: right + 14, y: at + 4, class: faded(arm) }, name);
    });
  }

  document.querySelectorAll(".legend button").forEach((button) => button.addEventListener("click", () => {
    const number = Number(button.dataset.arm);
    if (!chosen.delete(number)) chosen.add(number);
    button.setAttribute("aria-pressed", String(chosen.has(number)));
    draw();
  }));
  if (chart) new ResizeObserver(() => requestAnimationFrame(draw)).observe(chart);

  // Enlarged pictures.
  const large = document.getElementById("large");
  document.querySelectorAll(".picture").forEach((button) => button.addEventListener("click", () => {
    const small = button.querySelector("img"), image = large.querySelector("img");
    image.src = small.src;
    image.alt = small.alt;
    large.querySelector("p").textContent = small.alt;
    large.classList.toggle("coarse", small.naturalWidth < 400);
    large.showModal();
  }));
  large.addEventListener("click", (event) => { if (event.target === large) large.close(); });

  // Copying of commands.
  document.querySelectorAll(".copy button").forEach((button) => button.addEventListener("click", async () => {
    const code = button.parentElement.querySelector("code");
    let done = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Selected";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }));

  follow();
})();
