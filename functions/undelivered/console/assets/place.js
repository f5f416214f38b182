/** The current view and its filters, from the URL. */

/** Parse the URL's fragment: "#/item/abc?x=1" → {name: "item", rest: ["abc"], query}. */
export function place() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/").map(decodeURIComponent);
  return { name, rest, query: new URLSearchParams(query ?? "") };
}

/** The URL of the card of a customer. */
export function customerHref(id) {
  return `#/customers/${encodeURIComponent(id)}`;
}

/** Return the values of these names in a query, without absent or empty values. */
export function chosenOf(query, names) {
  return Object.fromEntries(names.map((name) => [name, query.get(name)]).filter(([, value]) => value));
}

/**
 * Go to a view with some of its filters changed. `changes` gets the current filters of the URL. They may be newer than
 * the filters on the page, and two quick changes must both apply.
 */
export function refine(view, names, changes) {
  const present = chosenOf(place().query, names);
  const next = { ...present, ...changes(present) };
  const query = new URLSearchParams();
  for (const name of names) if (next[name]) query.set(name, next[name]);
  const text = query.toString().replaceAll("%2C", ",");
  location.hash = `#/${view}${text && `?${text}`}`;
}
