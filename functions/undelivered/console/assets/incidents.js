/** Incidents: messages that failed by our own fault, by cause and receiving system. Also the banner while one is on. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { askToResend, jobPanel, resendAtOnce } from "./bulk.js";
import { h, icon, replace, svg, written } from "./dom.js";
import { loadTexts, moment, number, t } from "./i18n.js";
import { attempt, busyButton, card, channelName, empty, keepFocus, loading, pageTitle, reasonName, said } from "./ui.js";

const REFRESH_MS = 180_000;
const PAGE = 200;
const COUNTED_PAGES = 5;
const HOUR_MS = 3_600_000;
const COLUMNS = 72;
const WIDTH = 720;
const HEIGHT = 140;

export async function show(page, { rest: [id], signal }) {
  const place = h("div", { class: "stack spaced" }, loading());
  if (id) {
    replace(page, h("a", { class: "back", href: "#/incidents" }, icon("back"), t("incidents.title")), place);
    attempt(place, () => showOne({ id, place, signal }));
  } else {
    replace(page, pageTitle(t("incidents.title")), h("p", { class: "muted" }, t("incidents.intro")), place);
    attempt(place, async () => list(place, (await api.get("incidents", { signal })).incidents));
  }
  document.title = `${t("incidents.title")} · ${t("product")}`;
  page.querySelector("h1")?.focus({ preventScroll: true });
}

// --- the banner

/** Show in a place which incidents are on, now and every few minutes, until the signal is aborted. */
export async function watch(place, signal) {
  for (;;) {
    if (!document.hidden) await paintBanner(place, signal).catch(() => null); // the next look may succeed
    if (signal.aborted) return;
    await api.pause(REFRESH_MS, signal).catch(() => null);
  }
}

async function paintBanner(place, signal) {
  const { incidents } = await api.get("incidents", { query: { state: "on" }, signal });
  if (incidents.length) await loadTexts("incidents");
  if (signal.aborted || place.contains(document.activeElement)) return;
  replace(place, incidents.length > 0 && banner(incidents));
}

function banner(incidents) {
  const [incident] = incidents;
  const isOne = incidents.length === 1;
  const text = isOne
    ? [h("b", {}, headline(incident)), " ", h("span", {}, t("incidents.since", { n: incident.failures, time: moment(incident.started_at) }))]
    : h("b", {}, t("incidents.several", { n: incidents.length }));
  return h("aside", { class: "banner", "aria-label": t("incidents.title") },
    icon("warning"), h("p", {}, text), h("a", { href: isOne ? `#/incidents/${incident.id}` : "#/incidents" }, t("incidents.more")));
}

// --- the list

function list(place, incidents) {
  if (incidents.length === 0) {
    replace(place, h("div", { class: "card" }, empty(t("incidents.empty"), t("incidents.empty_help"))));
    return;
  }
  const cell = (name, content, kind = "labelled") => h("td", { role: "cell", class: kind, "data-label": t(`incidents.${name}`) }, content);
  const row = (incident) =>
    h("tr", { role: "row" },
      h("td", { role: "cell", class: "title-cell" }, h("a", { href: `#/incidents/${incident.id}` }, headline(incident)), stateOf(incident)),
      cell("channel", channelName(incident.channel)),
      cell("failures", number(incident.failures)),
      cell("started", h("time", { datetime: incident.started_at }, moment(incident.started_at)), "labelled date"),
      cell("lasted", duration(incident)));
  const columns = ["receiver", "channel", "failures", "started", "lasted"];
  replace(place, h("div", { class: "card list-card" },
    h("table", { class: "list", role: "table" },
      h("caption", { class: "unseen" }, t("incidents.title")),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((name) => h("th", { role: "columnheader", scope: "col" }, t(`incidents.${name}`))))),
      h("tbody", { role: "rowgroup" }, incidents.map(row)))));
}

/** Where and why: "Outlook (Microsoft): Sender blocked". */
function headline(incident) {
  const { kind, name } = incident.receiver;
  const receiver = kind === "country" ? t("incidents.country", { code: name }) : name || t("incidents.unknown");
  return written(t("incidents.headline", { receiver, reason: reasonName(incident.reason, incident.channel) }));
}

function stateOf(incident) {
  return h("span", { class: `chip ${incident.state === "on" ? "state-not_sent" : "state-resolved"}` }, t(`incidents.${incident.state}`));
}

/** How long it lasted, or has lasted so far, in hours or days. */
function duration(incident) {
  const end = incident.ended_at ? Date.parse(incident.ended_at) : Date.now();
  const hours = Math.max(1, Math.round((end - Date.parse(incident.started_at)) / HOUR_MS));
  const [value, unit] = hours < 48 ? [hours, "hour"] : [Math.round(hours / 24), "day"];
  return number(value, { style: "unit", unit, unitDisplay: "long" });
}

// --- one incident

async function showOne(view) {
  const incident = await api.get(`incidents/${encodeURIComponent(view.id)}`, { signal: view.signal });
  const messages = h("div", { class: "stack" }, loading());
  const work = h("div", { class: "stack" });
  const facts = [
    ["started", moment(incident.started_at)],
    ["last_failure", moment(incident.last_failure_at)],
    incident.ended_at && ["ended", moment(incident.ended_at)],
    ["lasted", duration(incident)],
    ["failures", number(incident.failures)],
  ].filter(Boolean);
  replace(view.place,
    h("div", {}, pageTitle(headline(incident)), h("div", { class: "chips" }, stateOf(incident), h("span", { class: "muted" }, said(incident.explanation)))),
    work,
    h("div", { class: "detail" },
      h("div", { class: "stack" },
        card(t("incidents.task"), h("p", {}, said(incident.task)), helpLink(incident.receiver)),
        card(t("incidents.answer"), incident.answer ? h("blockquote", { class: "answer" }, written(incident.answer)) : h("p", { class: "muted" }, t("incidents.answer_none"))),
        card(t("incidents.course"), course(incident.hours))),
      h("div", { class: "stack" },
        card(t("incidents.messages"), messages),
        card(t("incidents.facts"), h("dl", {}, facts.map(([name, value]) => [h("dt", {}, t(`incidents.${name}`)), h("dd", {}, value)]))))));
  view.place.querySelector("h1").focus({ preventScroll: true });
  attempt(messages, () => showMessages({ ...view, incident, messages, work }));
}

function helpLink({ name, help_url: url }) {
  return url && h("p", {}, h("a", { href: url, rel: "noreferrer", target: "_blank" }, t("incidents.help", { receiver: name })));
}

async function showMessages(view) {
  const { incident, messages } = view;
  const { items, hasMore } = await openItems(view);
  const link = h("p", {}, h("a", { href: `#/report?incident=${incident.id}` }, t("incidents.see")));
  const n = items.length;
  if (n === 0) {
    replace(messages, h("p", { class: "muted" }, t("incidents.messages_none")), link);
    return;
  }
  const isOver = incident.state === "over";
  const all = async () => (await askToResend({ filter: { incident: incident.id, state: ["open"] } })) && showJob(view, items);
  const one = async () => {
    resendAtOnce([items[0].id]);
    showJob(view, items);
  };
  replace(messages,
    h("p", {}, t("incidents.messages_left", { n }), hasMore && " +"),
    auth.mayAct() && h("div", { class: "row" }, isOver
      ? busyButton(hasMore ? t("incidents.resend_every") : t("incidents.resend_all", { n }), { kind: "primary", glyph: "resend" }, all)
      : busyButton(t("incidents.resend_one"), { glyph: "resend" }, one)),
    auth.mayAct() && !isOver && h("p", { class: "muted" }, t("incidents.resend_one_help")),
    link);
}

/** Return the first messages of the incident that are open, and whether there are more. */
async function openItems({ incident, signal }) {
  const items = [];
  let cursor;
  for (let read = 0; read < COUNTED_PAGES; read += 1) {
    const page = await api.get("undelivered", { query: { incident: incident.id, state: "open", limit: PAGE, cursor }, signal });
    items.push(...page.items);
    cursor = page.next_cursor;
    if (!cursor) break;
  }
  return { items, hasMore: Boolean(cursor) };
}

/** Show the progress of the resend that was started. */
function showJob(view, items) {
  const titles = new Map(items.map((item) => [item.id, item.title]));
  replace(view.work, jobPanel(titles, view.signal, () => {
    replace(view.work);
    keepFocus();
    attempt(view.place, () => showOne(view));
  }));
  view.work.firstElementChild.focus();
}

// --- the course

/** A column for each hour, or for several hours of a long incident; a table has the same figures. */
function course(hours) {
  const first = Date.parse(hours[0].at);
  const span = Math.round((Date.parse(hours.at(-1).at) - first) / HOUR_MS) + 1;
  const hoursOfColumn = Math.ceil(span / COLUMNS);
  const columns = new Array(Math.ceil(span / hoursOfColumn)).fill(0);
  for (const { at, failures } of hours) columns[Math.floor((Date.parse(at) - first) / HOUR_MS / hoursOfColumn)] += failures;
  const most = Math.max(...columns);
  const start = (index) => moment(new Date(first + index * hoursOfColumn * HOUR_MS).toISOString());
  const worst = start(columns.indexOf(most));
  const step = WIDTH / Math.max(columns.length, 12);
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
    "aria-label": t("incidents.course_described", { from: start(0), worst, most }) });
  columns.forEach((n, index) => {
    if (!n) return;
    const height = Math.max(2, (n / most) * (HEIGHT - 4));
    chart.append(svg("g", {}, svg("title", {}, `${start(index)}: ${number(n)}`),
      svg("rect", { class: "fill status-failed", x: index * step, y: HEIGHT - height, width: Math.max(2, step * 0.72), height })));
  });
  chart.append(svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT }));
  const rows = columns.map((n, index) => n > 0 && h("tr", {}, h("th", { scope: "row" }, start(index)), h("td", {}, number(n))));
  return [chart,
    h("p", { class: "muted" }, t("incidents.course_described", { from: start(0), worst, most })),
    h("details", {}, h("summary", {}, t("overview.as_table")),
      h("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": t("incidents.course") },
        h("table", { class: "figures-table" },
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("incidents.started")), h("th", { scope: "col" }, t("incidents.failures")))),
          h("tbody", {}, rows))))];
}
