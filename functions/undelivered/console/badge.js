/**
 * A badge with the number of undelivered notifications, for the host application's own dashboard.
 *
 *     <script type="module" src="https://…/api/console/badge.js"></script>
 *     <undelivered-count href="https://…/api/console/#/report"></undelivered-count>
 *     <script type="module">
 *       await customElements.whenDefined("undelivered-count");
 *       document.querySelector("undelivered-count").token = async () => (await fetch("/my/token")).text();
 *     </script>
 * token       property: a function that returns a token for the API (or a promise of a token), called before each
 * request: an ID token of the user pool, or an embed token for the page "count" (POST /embed-tokens). Never put the host
 * application's own token into a page.
 * api         attribute: base of the API; default: where this script came from. href        attribute: where the badge
 * leads; without it the badge is no link. label       attribute: what is said after the number; default: "undelivered".
 * interval    attribute: seconds between refreshes; default: 60, at least 15. Hidden pages do not refresh.
 * Events: "count" with {detail: the API's response} after each refresh, "problem" with {detail: {status}} if it fails
 * (the last number stays, and the badge has the attribute "stale"). Style it with the parts "badge", "number" and
 * "label", and the custom properties --undelivered-color and --undelivered-background.
 *
 * On another origin than the API, that origin has to be allowed by the API (CORS), and this script's and the API's origins
 * by the page's Content-Security-Policy (script-src, connect-src).
 */

const API = new URL("../", import.meta.url).href;
const STYLE = `
  :host { display: inline-block; }
  [part="badge"] {
    display: inline-flex; align-items: baseline; gap: 0.4em; padding: 0.2em 0.7em; border-radius: 999px;
    font: 600 1em/1.5 system-ui, sans-serif; text-decoration: none;
    color: var(--undelivered-color, light-dark(#0b5d5e, #74c9c3)); background: var(--undelivered-background, light-dark(#e3f0ef, #17343a));
  }
  [part="badge"]:focus-visible { outline: 3px solid; outline-offset: 2px; }
  [part="number"] { font-size: 1.25em; font-variant-numeric: tabular-nums; }
  :host([stale]) [part="number"] { opacity: 0.75; }
`;

class UndeliveredCount extends HTMLElement {
  static observedAttributes = ["href", "label"];

  #token = null;
  #timer = null;
  #number = document.createElement("span");
  #badge = null;

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    this.#number.setAttribute("part", "number");
    this.#number.textContent = "–";
  }

  get token() {
    return this.#token;
  }

  set token(give) {
    this.#token = give;
    if (this.isConnected) this.refresh();
  }

  connectedCallback() {
    if (Object.hasOwn(this, "token")) {
      const { token } = this; // set before the element was defined
      delete this.token;
      this.token = token;
    }
    this.#paint();
    this.refresh();
    const seconds = Math.max(15, Number(this.getAttribute("interval")) || 60);
    this.#timer = setInterval(() => document.hidden || this.refresh(), seconds * 1000);
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#paint();
  }

  /** Request the number now. */
  async refresh() {
    if (!this.#token) return;
    try {
      const url = new URL("undelivered/count", (this.getAttribute("api") ?? API).replace(/\/?$/, "/"));
      const response = await fetch(url, { headers: { Authorization: `Bearer ${await this.#token()}` }, cache: "no-store" });
      if (!response.ok) throw Object.assign(new Error("no count"), { status: response.status });
      const count = await response.json();
      this.#number.textContent = new Intl.NumberFormat(this.closest("[lang]")?.lang || undefined).format(count.total);
      this.removeAttribute("stale");
      this.dispatchEvent(new CustomEvent("count", { detail: count }));
    } catch (error) {
      this.setAttribute("stale", "");
      this.dispatchEvent(new CustomEvent("problem", { detail: { status: error.status ?? 0 } }));
    }
  }

  #paint() {
    const href = this.getAttribute("href");
    this.#badge = document.createElement(href ? "a" : "span");
    this.#badge.setAttribute("part", "badge");
    if (href) this.#badge.setAttribute("href", href);
    const label = document.createElement("span");
    label.setAttribute("part", "label");
    label.textContent = this.getAttribute("label") ?? "undelivered";
    this.#badge.append(this.#number, label);
    this.shadowRoot.replaceChildren(this.#badge);
  }
}

customElements.define("undelivered-count", UndeliveredCount);
