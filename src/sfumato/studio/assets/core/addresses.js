// Addresses of pages. Names of runs come from the server encoded: no letter in them means anything in an address.

/** The page of a run, or of something of it: "/layers", "/zoom". */
export const runPage = (name, rest = "") => `/runs/${encodeURIComponent(name)}${rest}`;

export const racePage = (names) => `/race?runs=${names.map(encodeURIComponent).join(",")}`;

/** The names in a race's address. */
export const raced = (query) => [...new Set((query.get("runs") ?? "").split(",").filter(Boolean))];

export const reportPage = (name) => `/experiments/${encodeURIComponent(name)}/report`;

/** The form, filled with a recipe. */
export const formPage = ({ preset, changes } = {}, usual = "fast") => {
  const kept = new URLSearchParams({ ...(preset && preset !== usual ? { preset } : {}), ...changes });
  return kept.size ? `/new?${kept}` : "/new";
};
