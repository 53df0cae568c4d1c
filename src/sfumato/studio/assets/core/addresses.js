// URLs of pages. The server encodes names of runs, so that no character in them has a special meaning in a URL.

/** The page of a run, or a page below it: "/layers", "/zoom". */
export const runPage = (name, rest = "") => `/runs/${encodeURIComponent(name)}${rest}`;

export const racePage = (names) => `/race?runs=${names.map(encodeURIComponent).join(",")}`;

/** The names of runs in a race's query. */
export const raced = (query) => [...new Set((query.get("runs") ?? "").split(",").filter(Boolean))];

export const reportPage = (name) => `/experiments/${encodeURIComponent(name)}/report`;

/** The page of a sweep. */
export const sweepPage = (name) => `/sweeps/${encodeURIComponent(name)}`;

/** The API's URL of a sweep. */
export const sweepUrl = (name) => `/api${sweepPage(name)}`;

/** The form, filled with a recipe. */
export const formPage = ({ preset, changes } = {}, usual = "fast") => {
  const params = new URLSearchParams({ ...(preset && preset !== usual ? { preset } : {}), ...changes });
  return params.size ? `/new?${params}` : "/new";
};
