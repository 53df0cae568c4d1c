// Gestures of pointer, wheel, pinch, and double click: pan, zoom about a point, point at.

/**
 * act: {pan(dx, dy), zoom(factor, x, y), point(x, y), leave(), wheel(event)}; x and y are CSS pixels from the
 * element's corner. wheel(event) returns whether the wheel zooms (a page must still scroll over a small picture).
 */
export function gestures(element, act, signal) {
  const pointers = new Map();
  const at = (event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  const on = (kind, run, options) => element.addEventListener(kind, run, { signal, ...options });
  on("pointerdown", (event) => {
    if (event.button) return;
    element.setPointerCapture(event.pointerId);
    const now = at(event);
    pointers.set(event.pointerId, now);
    act.point?.(now.x, now.y);
  });
  on("pointermove", (event) => {
    const now = at(event);
    act.point?.(now.x, now.y);
    const before = pointers.get(event.pointerId);
    if (!before) return;
    if (pointers.size === 1) act.pan(now.x - before.x, now.y - before.y);
    else if (pointers.size === 2) pinch(event.pointerId, before, now);
    pointers.set(event.pointerId, now);
  });
  for (const kind of ["pointerup", "pointercancel"]) on(kind, (event) => pointers.delete(event.pointerId));
  // A lifted finger still points at what it touched last.
  on("pointerleave", (event) => event.pointerType !== "touch" && act.leave?.());
  on(
    "wheel",
    (event) => {
      if (act.wheel && !act.wheel(event)) return;
      event.preventDefault();
      const { x, y } = at(event);
      // Convert lines and pages to pixels; one notch of 100 pixels zooms by a quarter.
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
    const other = [...pointers].find(([id]) => id !== moved)[1];
    const distance = (one) => Math.hypot(one.x - other.x, one.y - other.y);
    if (distance(before) < 1) return;
    act.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    act.zoom(distance(now) / distance(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  }
}
