/**
 * Elements from plain values. Text always becomes a text node: nothing that comes from the API can become markup.
 */

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["checked", "disabled", "hidden", "indeterminate", "max", "open", "selected", "value"]);

function fill(element, attributes, children) {
  const later = [];
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (PROPERTIES.has(name) && name in element) {
      later.push([name, value]); // a select's value can be set only after its options
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  add(element, children);
  for (const [name, value] of later) element[name] = value;
  return element;
}

/** Append children: nodes, texts, numbers, nested lists; null and false are left out. */
export function add(element, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

/** Make an element: h("a", {href: "#/report", on: {click}}, "Report"). */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make an SVG element. */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Replace an element's children. */
export function replace(element, ...children) {
  element.replaceChildren();
  return add(element, children);
}

/** Text written by a person, isolated so that its writing direction does not affect the text around it. */
export function written(text, attributes) {
  return h("bdi", attributes, text ?? "");
}

/** An address written by a person. In a narrow space, the line breaks before the @. */
export function address(text) {
  const [local, ...domain] = String(text ?? "").split("@");
  return h("bdi", {}, local, domain.length > 0 && [document.createElement("wbr"), `@${domain.join("@")}`]);
}

let last = 0;

/** Return an id that no element has yet. */
export function freshId(stem) {
  last += 1;
  return `${stem}-${last}`;
}

const ICONS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  download: "M12 4v11m0 0l-4-4m4 4l4-4M5 19h14",
  edit: "M5 19l1-4L16 5l3 3L9 18l-4 1z",
  email: "M4 6h16v12H4zM4 7l8 6 8-6",
  filter: "M4 6h16M7 12h10M10 18h4",
  menu: "M4 7h16M4 12h16M4 17h16",
  next: "M9 5l7 7-7 7",
  resend: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  search: "M11 18a7 7 0 1 1 0-14 7 7 0 0 1 0 14zm5-2l4.5 4.5",
  sms: "M8 3h8v18H8zM11 18h2",
  check: "M5 12.5l4.5 4.5L19 7",
  warning: "M12 4l9 16H3zM12 10v4.5M12 17v.4",
};

/** Make a decorative icon. The text beside it always says the same. */
export function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name] }),
  );
}
