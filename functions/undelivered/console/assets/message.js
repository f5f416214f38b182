/**
 * Shows a message's HTML as designed, without scripts, forms or external content. The markup is parsed in a separate
 * document that runs and loads nothing. Harmless elements are copied, one by one, to a frame with a sandbox that allows
 * no scripts, forms or windows. The page's Content-Security-Policy allows nothing from other origins. Styles are set
 * through the CSS object model, because the policy allows no other way.
 */

import { h } from "./dom.js";
import { t } from "./i18n.js";

const POLICY = globalThis.trustedTypes?.createPolicy("undelivered", { createHTML: (markup) => markup });
const SHOWN = new Set(
  ("a abbr address article aside b bdi bdo big blockquote body br caption center cite code col colgroup dd del details dfn div dl dt em " +
    "figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp section small span " +
    "strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr").split(" "),
);
const DROPPED_WHOLE = new Set("script style template noscript iframe object embed applet svg math form input button select textarea title head link meta base".split(" "));
const ATTRIBUTES = new Set("align alt bgcolor border class cellpadding cellspacing cite color colspan datetime dir face height lang rowspan scope size span start title type valign width".split(" "));

/** Make the frame. */
export function messageFrame(markup) {
  const frame = h("iframe", { class: "message-frame", title: t("detail.frame"), sandbox: "allow-same-origin" });
  frame.addEventListener("load", () => fill(frame.contentDocument, markup), { once: true });
  return h("div", {}, frame, /<img\b/i.test(markup) && h("p", { class: "help" }, t("detail.images_held_back")));
}

function fill(target, markup) {
  const [text, sheet] = inert(markup);
  const source = new DOMParser().parseFromString(POLICY ? POLICY.createHTML(text) : text, "text/html");
  target.documentElement.lang = source.documentElement.lang || "";
  target.title = t("detail.frame");
  const { style } = target.body;
  style.font = "16px/1.5 system-ui, sans-serif";
  style.margin = "1rem";
  style.overflowWrap = "anywhere";
  dress(target, sheet);
  paint(source.body, target.body);
  for (const child of source.body.childNodes) copy(child, target.body, target);
}

const KEPT_APART = "data-kept-";

/**
 * Remove styles and event handlers before parsing, because each would cause a report of a policy violation. Returns the
 * markup without them, and the text of its style sheets. Safety does not depend on this: see copy().
 */
function inert(markup) {
  let sheet = "";
  const bare = markup.replace(/<style\b[^>]*>([\s\S]*?)<\/style\s*>/gi, (_, text) => {
    sheet += text;
    return "";
  });
  const text = bare.replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/([\s"'/])(style|on[a-z]+)(?=\s*=)/gi, `$1${KEPT_APART}$2`));
  return [text, sheet];
}

/** Apply a message's own style sheets, without the resources that they would load. */
function dress(target, text) {
  if (!text.trim()) return;
  const sheet = new target.defaultView.CSSStyleSheet();
  sheet.replaceSync(unloaded(text));
  target.adoptedStyleSheets = [sheet];
}

function unloaded(css) {
  return css.replace(/@import[^;]*;?/gi, "").replace(/(url|image-set)\([^)]*\)/gi, "none");
}

function copy(node, into, target) {
  if (node.nodeType === Node.TEXT_NODE) {
    into.append(target.createTextNode(node.data));
    return;
  }
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  const name = node.localName;
  if (DROPPED_WHOLE.has(name)) return;
  const element = SHOWN.has(name) && name !== "body" ? target.createElement(name) : null;
  if (element) {
    paint(node, element);
    into.append(element);
  }
  for (const child of node.childNodes) copy(child, element ?? into, target);
}

function paint(from, to) {
  for (const { name, value } of from.attributes) {
    if (ATTRIBUTES.has(name)) to.setAttribute(name, value);
    if (name === "src" && to.localName === "img" && /^data:image\/(png|gif|jpeg|webp);/i.test(value)) to.setAttribute("src", value);
    // A link looks like a link and shows its URL, but cannot be opened.
    if (name === "href" && to.localName === "a" && /^(https?|mailto|tel):/i.test(value.trim())) {
      to.title = value;
      to.style.cssText = "color: #0b5d5e; text-decoration: underline";
    }
  }
  const declared = from.getAttribute(`${KEPT_APART}style`);
  if (declared) to.style.cssText += `;${unloaded(declared)}`;
}
