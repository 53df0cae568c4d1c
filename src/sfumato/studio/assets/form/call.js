// Choices written as calls, `cosine(warmup=0.05)`, parsed and written as recipe/choices/choice.py does.

/** Parse a call into {name, values: {parameter: text}}; positional values take the names of `parameters` in order. */
export function parsed(text, parameters = () => []) {
  const match = /^\s*([A-Za-z_]\w*)\s*(?:\((.*)\))?\s*$/s.exec(text ?? "");
  if (!match) return { name: "", values: {} };
  const [, name, inside] = match;
  const names = parameters(name).map((each) => each.name);
  const values = {};
  split(inside ?? "").forEach((part, at) => {
    const named = /^([A-Za-z_]\w*)\s*=\s*(.*)$/s.exec(part);
    if (named) values[named[1]] = named[2];
    else if (names[at]) values[names[at]] = part;
  });
  return { name, values };
}

/** Split texts of calls, `sine(30, 10),relu`, at the commas outside parentheses. */
export function calls(text) {
  return (text ?? "").split(/,(?![^(]*\))/).map((part) => part.trim());
}

/** Write a call, without parameters that have their default value. */
export function written(name, values, parameters) {
  const parts = parameters
    .filter((each) => values[each.name] !== undefined && values[each.name] !== "" && !equalValues(values[each.name], each.default))
    .map((each) => `${each.name}=${values[each.name]}`);
  return parts.length ? `${name}(${parts.join(", ")})` : name;
}

/** Whether two texts have the same value: 0.10 is 0.1. */
export function equalValues(one, other) {
  const [a, b] = [one, other].map((each) => (each === null || each === undefined ? "" : String(each).trim()));
  return a === b || (a !== "" && b !== "" && Number(a) === Number(b));
}

function split(inside) {
  return inside.split(",").map((part) => part.trim()).filter(Boolean);
}
