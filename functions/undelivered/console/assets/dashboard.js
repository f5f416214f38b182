/** The overview: what to do now, the number and its breakdown. What is below the fold comes in modules of its own. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { h, icon, replace, svg, written } from "./dom.js";
import { moment, number, recent, t } from "./i18n.js";
import { customerHref } from "./place.js";
import { attempt, loading, pageTitle } from "./ui.js";

export const CLASSES = ["bounced.hard", "bounced.soft", "invalid", "spammed", "dropped", "failed"];
/** What a person does next about an open item. */
export const WORK = ["correct", "resend", "ours", "leave"];
const REFRESH_MS = 30_000;

/** The parts below the fold, each with `show(place, {days, signal})`. A part is loaded when it is about to be seen. */
const LATER = [() => import("./rates.js"), () => import("./trend.js")];

export function show(page, { signal }) {
  const counted = h("div", { class: "stack counted" }, loading());
  const due = h("section", { class: "card", hidden: true, "aria-label": t("due.title") });
  const news = h("p", { class: "muted" });
  const later = LATER.map((load) => [h("div", { class: "later" }), load]);
  const days = once(async () => (await api.get("undelivered/trend", { signal })).days);
  replace(
    page,
    h("div", { class: "page-head" }, pageTitle(t("overview.title")), news),
    h("div", { class: "stack spaced" }, counted, due, later.map(([place]) => place)),
  );
  const watchLater = () => {
    for (const [place, load] of later) whenNear(place, signal, async () => attempt(place, async () => (await load()).show(place, { days, signal })));
  };
  // Until what is above is shown, everything is near the top, and would move.
  Promise.all([
    attempt(counted, () => showCount(counted, signal)),
    showDue(due, signal).catch(() => null), // the rest of the overview does not depend on it
  ]).then(() => signal.aborted || watchLater());
  days().then((them) => !signal.aborted && showNews(news, them)).catch(() => null); // the trend shows the error
  keepFresh(counted, signal);
}

/** A function that runs once; a failed run is repeated by the next call. */
function once(work) {
  let running = null;
  return () => (running ??= work().catch((error) => {
    running = null;
    throw error;
  }));
}

/** Call a function when an element comes near the part of the page that is seen. */
function whenNear(element, signal, work) {
  const watch = new IntersectionObserver(([seen]) => {
    if (!seen.isIntersecting) return;
    watch.disconnect();
    work();
  }, { rootMargin: "100px" });
  watch.observe(element);
  signal.addEventListener("abort", () => watch.disconnect());
}

async function showCount(place, signal) {
  const count = await api.get("undelivered/count", { signal });
  const heard = count.total > 0 || (await api.hasHeard(signal));
  if (signal.aborted) return;
  const now = { class: "card hero", "aria-label": t("overview.now") };
  replace(place, heard
    ? [h("section", { class: "card", "aria-label": t("work.title") }, queue(count)), h("section", now, breakdown(count))]
    : h("section", now, unheard()));
}

/** Show whom to look at again today: nothing if there is nobody. */
async function showDue(place, signal) {
  const { customers } = await api.get("follow-ups", { signal });
  if (customers.length === 0) return;
  replace(place, h("h2", {}, t("due.title")), h("ul", { class: "due" }, customers.map(({ id, name, follow_up: { note, owner } }) =>
    h("li", {}, h("a", { href: customerHref(id) }, written(name || id)), [note, owner].map((text) => text && [" · ", written(text)])))));
  place.hidden = false;
}

/** Refresh the number while the page is visible, because users keep it open. */
async function keepFresh(place, signal) {
  try {
    for (;;) {
      await api.pause(REFRESH_MS, signal);
      // After a failed refresh, the old number stays with its time until the next refresh.
      if (!document.hidden && !place.contains(document.activeElement)) await showCount(place, signal).catch(() => null);
    }
  } catch {
    // the user has left the view
  }
}

/** Nothing was ever reported, so a number of 0 would say nothing. */
function unheard() {
  return h("div", { class: "unheard" }, h("h2", {}, t("overview.unheard")), h("p", {}, t("overview.unheard_help")),
    h("a", { class: "button primary", href: "#/setup" }, t("overview.get_started")));
}

/** The work by kind, each a link to its list. The numbers are unknown for some minutes after an upgrade. */
function queue({ by_work: numbers }) {
  return [
    h("h2", {}, t("work.title")),
    h("ul", { class: "queue" }, WORK.map((name) =>
      h("li", {}, h("a", { href: `#/work/${name}`, class: numbers?.[name] === 0 ? "none" : null },
        h("b", {}, numbers ? number(numbers[name]) : "–"), " ",
        h("span", {}, t(`work.${name}`)),
        h("small", {}, t(`work.help.${name}`)))))),
  ];
}

function breakdown(count) {
  const rows = CLASSES.map((name) => [name, countOf(count, name)]);
  const channels = Object.entries(count.by_channel);
  return h("div", {},
    h("a", { class: "number", href: "#/report" },
      h("span", { class: "number-value" }, number(count.total)),
      h("span", { class: "number-label" }, t("overview.number", { n: count.total, days: String(count.window_days) })),
      h("span", { class: "number-more" }, t("overview.see_report"), icon("next"))),
    h("div", { class: "breakdown" },
      h("h2", { class: "small" }, t("overview.by_status")),
      h("ul", { class: "bars" }, rows.map(([name, n]) => bar(name, n, count.total))),
      h("h2", { class: "small" }, t("overview.by_channel")),
      h("ul", { class: "inline" },
        channels.map(([channel, n]) => h("li", {}, h("a", { href: `#/report?channel=${channel}` }, t(`channel.${channel}`), " ", h("b", {}, number(n)))))),
      count.resending > 0 && h("p", { class: "spaced" }, h("a", { href: "#/report?state=resending" }, t("overview.resending", { n: count.resending })))),
    h("p", { class: "muted as-of" }, t("overview.as_of", { time: moment(count.as_of) })));
}

/** The number of items of a class. A status without kinds is one class. */
export function countOf(count, name) {
  const [status, kind] = name.split(".");
  return (kind ? count.by_kind?.[kind] : count.by_status?.[status]) ?? 0;
}

function bar(name, n, total) {
  const css = name.replace(".", "-");
  const track = svg("svg", { class: `track status-${css}`, viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "rail", width: 100, height: 6, rx: 1 }),
    n > 0 && svg("rect", { class: "run", width: Math.max(1.5, (100 * n) / Math.max(total, 1)), height: 6, rx: 1 }));
  return h("li", {}, h("a", { href: `#/report?status=${name}` }, h("span", { class: "bar-name" }, t(`status.${name}`)), track, h("span", { class: "bar-value" }, number(n))));
}

// --- what is new since the last visit

const VISIT = "undelivered.visit";
const PAUSE_MS = 30 * 60_000; // a later look at the overview is another visit

/**
 * Show how many failures are new since the last visit. The browser keeps the failures of each day as they were then:
 * that number never falls, so the difference is exact, however late a failure was reported.
 */
function showNews(place, days) {
  const { id } = auth.person();
  if (!id) return; // in a page of the host application, visits are not known
  const key = `${VISIT}.${id}`;
  const failed = Object.fromEntries(days.map(({ date, ...statuses }) => [date, Object.values(statuses).reduce((sum, n) => sum + n, 0)]));
  const now = Date.now();
  try {
    const kept = JSON.parse(localStorage.getItem(key)) ?? {};
    const before = kept.last && now - kept.last.at > PAUSE_MS ? kept.last : kept.before;
    localStorage.setItem(key, JSON.stringify({ last: { at: now, failed }, before }));
    if (!before) return;
    const n = Object.entries(failed).reduce((sum, [date, all]) => sum + Math.max(all - (before.failed[date] ?? 0), 0), 0);
    replace(place, h("a", { href: "#/report" }, t("overview.new", { n, when: recent(before.at) })));
  } catch {
    // without storage, nothing is known of the last visit
  }
}
