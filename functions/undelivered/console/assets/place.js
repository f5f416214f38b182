/** Where the address says we are. */

/** Take the address apart: "#/item/abc?x=1" → {name: "item", rest: ["abc"], query}. */
export function place() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/").map(decodeURIComponent);
  return { name, rest, query: new URLSearchParams(query ?? "") };
}

/** Give the values of these names in a query, without those that are absent or empty. */
export function chosenOf(query, names) {
  return Object.fromEntries(names.map((name) => [name, query.get(name)]).filter(([, value]) => value));
}

/**
 * Go to a view with some of its filters changed. `changes` is given the filters that the address holds at this moment;
 * they may be ahead of those shown, and two quick changes are both wanted.
 */
export function refine(view, names, changes) {
  const present = chosenOf(place().query, names);
  const next = { ...present, ...changes(present) };
  const query = new URLSearchParams();
  for (const name of names) if (next[name]) query.set(name, next[name]);
  const text = query.toString().replaceAll("%2C", ",");
  location.hash = `#/${view}${text && `?${text}`}`;
}
