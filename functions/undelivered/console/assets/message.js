/**
 * Shows a message's HTML as designed, without scripts, forms or external content, in a frame with a sandbox that allows no
 * scripts, forms or windows. DOMPurify removes all elements and attributes that are not in the lists below. Styles are
 * copied from the browser's own reading of them, without any value that could load something. The page's
 * Content-Security-Policy allows nothing from other origins either.
 */

import { h } from "./dom.js";
import { t } from "./i18n.js";

const ELEMENTS =
  ("a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt em " +
    "figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp section small span " +
    "strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr").split(" ");
const ATTRIBUTES = "align alt bgcolor border class cellpadding cellspacing color colspan datetime dir face height lang rowspan scope size span start title type valign width".split(" ");
const STYLE = "data-style-of-message";
const SANITISED = {
  ALLOWED_TAGS: ["#text", ...ELEMENTS],
  ALLOWED_ATTR: [...ATTRIBUTES, STYLE, "src"],
  ADD_URI_SAFE_ATTR: [STYLE],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  FORBID_CONTENTS: ["applet", "form", "iframe", "math", "noscript", "object", "script", "select", "style", "svg", "template", "textarea", "title"],
  RETURN_DOM: true,
  WHOLE_DOCUMENT: true,
};

/** Make the frame. */
export function messageFrame(markup) {
  const frame = h("iframe", { class: "message-frame", title: t("detail.frame"), sandbox: "allow-same-origin" });
  frame.addEventListener("load", () => show(frame, markup), { once: true });
  return h("div", {}, frame, /<img\b/i.test(markup) && h("p", { class: "help" }, t("detail.images_held_back")));
}

async function show(frame, markup) {
  const purify = await sanitiser();
  if (frame.isConnected) fill(frame.contentDocument, markup, purify); // else the reader has left the page
}

/** Return DOMPurify. It is loaded when the first message is shown. */
async function sanitiser() {
  await import("./purify.min.js");
  const { DOMPurify } = globalThis;
  DOMPurify.removeAllHooks();
  DOMPurify.addHook("beforeSanitizeAttributes", (node) => {
    if (!/^data:image\/(?:png|gif|jpeg|webp)[;,]/i.test(node.getAttribute?.("src") ?? "")) node.removeAttribute?.("src");
    // A link looks like a link and shows its URL, but cannot be opened.
    const url = node.localName === "a" ? (node.getAttribute("href") ?? "").trim() : "";
    if (/^(https?|mailto|tel):/i.test(url)) {
      node.title = url;
      node.setAttribute(STYLE, `color: #0b5d5e; text-decoration: underline; ${node.getAttribute(STYLE) ?? ""}`);
    }
  });
  return DOMPurify;
}

function fill(target, markup, purify) {
  const [text, sheets] = withoutStyles(markup);
  const source = purify.sanitize(text, SANITISED);
  const body = target.adoptNode(source.querySelector("body") ?? document.createElement("body")); // none beside a frameset
  target.documentElement.lang = source.lang;
  target.title = t("detail.frame");
  target.body.replaceWith(body);
  body.style.cssText = "font: 16px/1.5 system-ui, sans-serif; margin: 1rem; overflow-wrap: anywhere";
  const sheet = new target.defaultView.CSSStyleSheet();
  copyRules(parsed(sheets).cssRules, sheet);
  target.adoptedStyleSheets = [sheet];
  for (const element of [body, ...body.querySelectorAll(`[${STYLE}]`)]) {
    const [rule] = parsed(`x{${element.getAttribute(STYLE) ?? ""}}`).cssRules;
    if (rule instanceof CSSStyleRule) copyDeclarations(rule.style, element.style);
    element.removeAttribute(STYLE);
  }
}

/**
 * Return the markup with its styles in another attribute, and the text of its style sheets. The policy allows styles only
 * through the CSS object model, and browsers report each style that they parse. Safety does not depend on this.
 */
function withoutStyles(markup) {
  let sheets = "";
  const bare = markup.replace(/<style\b[^<>]*>([^]*?)(?:<\/style\s*>|$)/gi, (_, text) => {
    sheets += `${text}\n`;
    return "";
  });
  return [bare.replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/([\s"'/])style(?=\s*=)/gi, `$1${STYLE}`)), sheets];
}

/** Read a style sheet. A sheet that is in no document loads nothing. */
function parsed(text) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}

/** Copy the rules for elements, also those for a medium. No other rule is copied, such as those for fonts. */
function copyRules(rules, into) {
  for (const rule of rules) {
    if (rule instanceof CSSStyleRule) {
      const place = into.insertRule(`${rule.selectorText}{}`, into.cssRules.length);
      copyDeclarations(rule.style, into.cssRules[place].style);
    } else if (rule instanceof CSSMediaRule) {
      const place = into.insertRule(`@media ${rule.conditionText}{}`, into.cssRules.length);
      copyRules(rule.cssRules, into.cssRules[place]);
    }
  }
}

// The browser writes a value in one way, without escapes. All values that load something are functions.
const LOADS_NOTHING = /^(?:[^(]|\b(?:rgba?|hsla?|calc|min|max|clamp|(?:linear|radial)-gradient)\()*$/;

function copyDeclarations(from, to) {
  for (const name of from) {
    const value = from.getPropertyValue(name);
    // The value of a custom property is as the message wrote it.
    if (!name.startsWith("--") && LOADS_NOTHING.test(value)) to.setProperty(name, value, from.getPropertyPriority(name));
  }
}
