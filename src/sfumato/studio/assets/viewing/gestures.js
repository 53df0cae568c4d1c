// Pointer, wheel, pinch and double click, as what they mean: move by, enlarge about a point, point at.

/**
 * act: {pan(dx, dy), zoom(factor, x, y), point(x, y), leave(), wheel(event)}; x and y are CSS pixels from the
 * element's corner. `wheel` says whether the wheel is ours now (a page must still scroll over a small picture).
 */
export function gestures(element, act, signal) {
  const down = new Map();
  const at = (event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const on = (kind, run, options) => element.addEventListener(kind, run, { signal, ...options });
  on("pointerdown", (event) => {
    if (event.button) return;
    element.setPointerCapture(event.pointerId);
    const now = at(event);
    down.set(event.pointerId, now);
    act.point?.(now.x, now.y);
  });
  on("pointermove", (event) => {
    const now = at(event);
    act.point?.(now.x, now.y);
    const before = down.get(event.pointerId);
    if (!before) return;
    if (down.size === 1) act.pan(now.x - before.x, now.y - before.y);
    else if (down.size === 2) pinch(event.pointerId, before, now);
    down.set(event.pointerId, now);
  });
  for (const kind of ["pointerup", "pointercancel"]) on(kind, (event) => down.delete(event.pointerId));
  // A finger that is lifted still points at what it touched last.
  on("pointerleave", (event) => event.pointerType !== "touch" && act.leave?.());
  on(
    "wheel",
    (event) => {
      if (act.wheel && !act.wheel(event)) return;
      event.preventDefault();
      const { x, y } = at(event);
      // Lines and pages, as some mice count, are made pixels; one notch of 100 pixels enlarges by a quarter.
      const pixels = event.deltaY * [1, 33, 400][event.deltaMode] * (event.ctrlKey ? 4 : 1);
      act.zoom(Math.exp((-Math.max(-200, Math.min(200, pixels)) / 100) * 0.223), x, y);
    },
    { passive: false },
  );
  on("dblclick", (event) => {
    const { x, y } = at(event);
    act.zoom(event.shiftKey ? 0.5 : 2, x, y);
  });

  function pinch(moved, before, now) {
    const other = [...down].find(([id]) => id !== moved)[1];
    const apart = (one) => Math.hypot(one.x - other.x, one.y - other.y);
    if (apart(before) < 1) return;
    act.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    act.zoom(apart(now) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  }
}
