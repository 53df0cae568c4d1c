"""Brushes of a few configurations, as a sweep's page computes them: what each says, and what it keeps."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

_BRUSHES = """
async () => {
  const { configurations } = await import("/assets/sweep/data.js");
  const { Brushes } = await import("/assets/sweep/brushes.js");
  const parsed = (psnr, activation, width) =>
    configurations({
      number: psnr.map((_, at) => at), state: psnr.map(() => 0), states: ["finished"], results: { psnr }, front: [],
      objectives: [{ name: "psnr", better: "maximize" }],
      axes: [
        { name: "activation", choices: ["relu", "sine"], low: null, high: null, log: false, values: activation },
        { name: "width", choices: null, low: 4, high: 8, log: false, values: width },
      ],
    });
  const brushes = new Brushes(() => {});
  const kept = (found, axis) => [brushes.text(axis), found.rows.filter(brushes.test([axis])).map((row) => row.number)];
  const [psnr, activation, width] = [[20, 22, 24, 26, 28, 30], [0, 1, 0, 1, 0, 1], [4, 5, 6, 7, 8, 4]];
  const before = parsed(psnr, activation, width);
  const after = parsed([...psnr, 40, 5], [...activation, 0, 1], [...width, 4, 4]);
  const out = {};
  brushes.set(before.objectives[0], [0.8, 1]);
  out["open"] = [...kept(before, before.objectives[0]), ...kept(after, after.objectives[0])];
  brushes.set(before.objectives[0], [0.4, 0.8]);
  out["closed"] = [...kept(before, before.objectives[0]), ...kept(after, after.objectives[0])];
  brushes.clear();
  const [categories, whole] = before.parameters;
  for (const interval of [[0.4, 1], [0.3, 0.7], [0, 0.5]]) {
    brushes.set(categories, interval);
    out[`activation ${interval}`] = kept(before, categories);
  }
  brushes.clear();
  brushes.set(whole, [0.1, 0.9]);
  out["width"] = kept(before, whole);
  brushes.move(whole, "to", 0.5);
  out["moved"] = [...kept(before, whole), Math.abs(brushes.of(whole)[0] - 0.1) < 1e-6];
  brushes.move(whole, "from", 0.75);
  out["pushed"] = kept(before, whole);
  brushes.move(whole, "from", 0);
  brushes.move(whole, "to", 1);
  out["all"] = [...kept(before, whole), brushes.size];
  return out;
}
"""


def check_brushes(page: Page) -> None:
    """Check brushes on any page of the studio, whose modules have them."""
    found: dict[str, Any] = page.evaluate(_BRUSHES)
    assert found == {
        # They keep their values when results beyond the ends of an axis arrive; at an end they are open.
        "open": ["28 to 30", [4, 5], "28 to 40", [4, 5, 6]],
        "closed": ["24 to 28", [2, 3, 4], "24 to 28", [2, 3, 4]],
        # They name only what they keep.
        "activation 0.4,1": ["sine", [1, 3, 5]],
        "activation 0.3,0.7": ["none", []],
        "activation 0,0.5": ["relu", [0, 2, 4]],
        "width": ["5 to 7", [1, 2, 3]],
        # One end is moved, and the other one stays where it was, or is pushed.
        "moved": ["5 to 6", [1, 2], True],
        "pushed": ["7", [3]],
        "all": ["all", [0, 1, 2, 3, 4, 5], 0],
    }
