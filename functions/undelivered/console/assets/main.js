/** The console: starts, signs in, and shows the view that the URL names. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { h, icon, replace, written } from "./dom.js";
import { currentLanguage, keepLanguage, LANGUAGES, loadTexts, loadViewTexts, preferredLanguage, t, useLanguage, useTimeZone } from "./i18n.js";
import { place } from "./place.js";
import { announce, button, busyButton, clearToasts, errorPanel, keepFocus, loading, pageTitle, sessionEnded, toastError } from "./ui.js";

const CONSOLE = new URL("../", import.meta.url);
/**
 * The views. `under` is the entry of the menu that a view belongs to, if it is another. `texts` is the part of the language
 * with the texts of the view, if they are in a file of their own.
 */
const VIEWS = {
  "": { load: () => import("./dashboard.js"), title: "nav.overview" },
  report: { load: () => import("./report.js"), title: "nav.report" },
  work: { load: () => import("./work.js"), title: "work.title", under: "" },
  item: { load: () => import("./detail.js"), title: "nav.report", under: "report" },
  customers: { load: () => import("./customers.js"), title: "nav.customers" },
  import: { load: () => import("./import.js"), title: "nav.customers", texts: "import", under: "customers" },
  exports: { load: () => import("./exports.js"), title: "exports.title", under: "report" },
  evidence: { load: () => import("./evidence.js"), title: "nav.report", under: "report" },
  sheet: { load: () => import("./sheet.js"), title: "nav.customers", texts: "sheet", under: "customers" },
  suppressions: { load: () => import("./suppressions.js"), title: "nav.suppressions" },
  diagnostics: { load: () => import("./diagnostics.js"), title: "nav.settings", under: "settings" },
  webhooks: { load: () => import("./webhooks.js"), title: "nav.settings", texts: "webhooks", under: "settings" },
  settings: { load: () => import("./settings.js"), title: "nav.settings" },
  incidents: { load: () => import("./incidents.js"), title: "nav.overview", texts: "incidents", under: "" },
  people: { load: () => import("./people.js"), title: "nav.settings", texts: "people", under: "settings" },
  "two-step": { load: () => import("./two_step.js"), title: "nav.settings", texts: "two_step", under: "settings" },
  audit: { load: () => import("./audit.js"), title: "nav.settings", texts: "people", under: "settings" },
  setup: { load: () => import("./setup.js"), title: "overview.get_started", texts: "setup", under: "settings" },
};
/** What is needed daily. The other views are found under these. */
const MENU = ["", "report", "customers", "suppressions", "settings"];

/** The key of the settings that the browser keeps. They are of no person. */
const SETTINGS = "undelivered.settings";

const app = document.getElementById("app");
let main = null;
let banner = null;
let watching = new AbortController();
let running = new AbortController();

// --- starting up

async function start() {
  const asked = fetch(new URL("config.json", CONSOLE));
  asked.catch(() => null); // it is thrown below, where its error can be shown in the language
  await useLanguage(preferredLanguage());
  const configuration = await (await asked).json();
  auth.configure(configuration);
  api.configure(new URL(configuration.api_url, CONSOLE).href, sessionEnded);
  if (auth.isEmbedded()) return startEmbedded();
  auth.takeTokenOfUrl();
  const isReturning = location.search !== "";
  const coming = auth.finishSignIn(); // puts the user's view back into the URL at once
  if (isReturning) loadView(viewOf(place())).catch(() => null); // while the user is being signed in
  const came = await coming;
  if (came === "popup") return showPopupEnd();
  if (came === "none") return auth.wasSignedIn() ? auth.signIn() : showWelcome();
  await enter();
}

async function startEmbedded() {
  try {
    await auth.startEmbedded();
  } catch (error) {
    if (!(error instanceof auth.SignInError)) throw error;
    return showUnanswered();
  }
  await enter();
}

/** The page around this one gave no token. */
function showUnanswered() {
  welcomePage("embed", busyButton(t("try_again"), { kind: "primary large" }, startEmbedded));
}

/** Show a page of its own: a title, a text and what follows them. */
function welcomePage(name, ...content) {
  document.title = t("product");
  replace(app, h("main", { class: "welcome" }, brand(), pageTitle(t(`${name}.title`)), h("p", {}, t(`${name}.text`)), ...content));
}

async function enter() {
  showShell();
  holdFocus();
  window.addEventListener("hashchange", () => {
    auth.takeTokenOfUrl(); // the page around can give a new token in the URL
    show();
  });
  loadView(viewOf(place())).catch(() => null); // meanwhile
  await loadSettings();
  await show(true);
  fetchOtherViews();
}

/**
 * Load the account's time zone before the first date is shown. Those that this browser had last time are used at once, and
 * the page is shown again if they have changed. If nothing is known, the browser's time zone is used.
 */
async function loadSettings() {
  const known = readKept();
  if (known) useSettings(known);
  const loading = api.get("settings").then(({ time_zone, viewers_may_export }) => {
    const present = { time_zone, viewers_may_export };
    useSettings(present);
    keep(present);
    if (known && JSON.stringify(known) !== JSON.stringify(present)) show(true);
  }).catch(() => null);
  if (!known) await loading;
}

function useSettings(settings) {
  useTimeZone(settings.time_zone);
  auth.letViewersExport(settings.viewers_may_export);
}

function readKept() {
  try {
    return JSON.parse(localStorage.getItem(SETTINGS));
  } catch {
    return null;
  }
}

function keep(settings) {
  try {
    localStorage.setItem(SETTINGS, JSON.stringify(settings));
  } catch {
    // without storage, each visit waits for the settings
  }
}

/** Load the other views in advance, so that they open quickly, even if the network fails later. */
async function fetchOtherViews() {
  await api.pause(500);
  await VIEWS.report.load().catch(() => null);
  watchIncidents();
  for (const view of Object.values(VIEWS)) await view.load().catch(() => null);
  await loadViewTexts().catch(() => null);
}

/** Show above every view which incidents are on. */
function watchIncidents() {
  watching.abort();
  watching = new AbortController();
  const { signal } = watching;
  VIEWS.incidents.load().then(({ watch }) => watch(banner, signal)).catch(() => null);
}

function showWelcome(error) {
  const leave = async () => {
    try {
      await auth.signIn();
    } catch (failed) {
      showWelcome(failed);
    }
  };
  welcomePage(
    "welcome",
    error && h("p", { class: "notice bad", role: "alert" }, t(error.message === "insecure" ? "welcome.insecure" : "welcome.failed")),
    busyButton(t("sign_in"), { kind: "primary large" }, leave),
    languageChoice(() => showWelcome()),
  );
  VIEWS[""].load().catch(() => null); // the overview comes first after the sign-in
}

function showPopupEnd() {
  replace(app, h("main", { class: "welcome" }, pageTitle(t("session.done"))));
  window.close();
}

// --- the frame around the views

function brand() {
  const src = new URL("icon.svg", import.meta.url).href;
  return h("span", { class: "brand" }, h("img", { src, alt: "", width: "28", height: "28" }), t("product"));
}

function showShell() {
  const { email, role } = auth.person();
  main = h("main", { id: "main", tabindex: "-1" });
  banner = h("div", { role: "status" });
  const links = MENU.map((name) => h("a", { href: `#/${name}`, "data-view": name }, t(VIEWS[name].title)));
  const nav = h("nav", { id: "menu", "aria-label": t("nav.label") }, links);
  const toggle = h(
    "button",
    {
      type: "button",
      class: "plain menu-toggle",
      "aria-expanded": "false",
      "aria-controls": "menu",
      on: { click: () => openMenu(toggle.getAttribute("aria-expanded") !== "true") },
    },
    icon("menu"),
    h("span", {}, t("menu")),
  );
  const openMenu = (open) => {
    toggle.setAttribute("aria-expanded", String(open));
    header.classList.toggle("menu-open", open);
  };
  const who = h(
    "div",
    { class: "who" },
    h("span", { class: "who-name" }, written(email), h("span", { class: "muted" }, t(`role.${role}`))),
    languageChoice(() => {
      showShell();
      show();
      watchIncidents();
    }),
    !auth.isEmbedded() && button(t("sign_out"), { kind: "small", on: () => auth.signOut().catch(toastError) }),
  );
  const skip = h("a", { class: "skip", href: "#main", on: { click: skipToMain } }, t("skip"));
  const header = h("header", { class: "top", on: { keydown: (event) => event.key === "Escape" && openMenu(false) } },
    h("a", { href: "#/", class: "home" }, brand()), toggle, nav, who);
  window.addEventListener("hashchange", () => openMenu(false));
  replace(app, skip, header, banner, main);
}

/** When what has the focus is removed, move the focus to the heading, unless the view moves it elsewhere at once. */
function holdFocus() {
  let last = null;
  app.addEventListener("focusin", ({ target }) => (last = target));
  new MutationObserver(() => {
    if (!last || last.isConnected) return;
    last = null;
    keepFocus();
  }).observe(app, { childList: true, subtree: true });
}

function skipToMain(event) {
  event.preventDefault(); // the part of the URL after # names the view
  main.focus();
}

function languageChoice(changed) {
  const options = Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code, lang: code }, name));
  const control = h("select", { "aria-label": t("language"), class: "language", value: currentLanguage() }, options);
  control.addEventListener("change", async () => {
    await useLanguage(control.value);
    keepLanguage(control.value);
    changed();
    document.querySelector("select.language")?.focus();
  });
  return control;
}

// --- views

function viewOf({ name }) {
  return VIEWS[name] ?? VIEWS[""];
}

/** Load a view's module and texts. Returns the module. */
async function loadView(view) {
  const [module] = await Promise.all([view.load(), view === VIEWS[""] ? null : loadViewTexts(), view.texts && loadTexts(view.texts)]);
  return module;
}

async function show(first = false) {
  clearToasts();
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const { name, rest, query } = place();
  const view = viewOf({ name });
  const current = view.under ?? name;
  for (const link of app.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${t(view.title)} · ${t("product")}`;
  const page = h("div", { class: "page" }, loading());
  replace(main, page);
  try {
    const module = await loadView(view);
    if (signal.aborted) return;
    module.show(page, { rest, query, signal });
  } catch (error) {
    const lost = error instanceof TypeError; // the view's module could not be loaded
    if (!lost) console.error(error);
    replace(page, pageTitle(t(view.title)), errorPanel(lost ? new api.ApiError(0) : error, () => show()));
  }
  if (!first) {
    (page.querySelector("h1") ?? main).focus({ preventScroll: true });
    if (!page.dataset.scrolled) window.scrollTo(0, 0);
    announce(t(view.title));
  }
}

start().catch((error) => {
  if (!(error instanceof auth.SignInError)) console.error(error);
  try {
    showWelcome(error);
  } catch {
    app.textContent = "Undelivered could not start. Reload the page to try again.";
  }
});
