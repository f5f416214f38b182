/** The overview: the number, its breakdown and trend, and what is ready to resend. */

import * as api from "./api.js";
import { h, icon, replace, svg, written } from "./dom.js";
import { calendarDate, dateInZone, maybe, moment, number, percent, t } from "./i18n.js";
import { attempt, card, figure, loading, pageTitle, reasonName } from "./ui.js";

export const CLASSES = ["bounced.hard", "bounced.soft", "invalid", "spammed", "dropped", "failed"];
const STATUSES = ["bounced", "invalid", "spammed", "dropped", "failed"];
const REFRESH_MS = 30_000;

export function show(page, { signal }) {
  const number = h("div", {}, loading());
  const trend = h("div", { class: "chart-place" }, loading());
  const progress = h("div", {}, loading());
  const ready = h("div", {}, loading());
  replace(
    page,
    pageTitle(t("overview.title")),
    h("div", { class: "overview" },
      h("div", { class: "stack" },
        h("section", { class: "card hero", "aria-label": t("overview.now") }, number),
        card(t("overview.trend"), trend)),
      h("div", { class: "stack" }, card(t("overview.ready"), ready), card(t("overview.progress"), progress))),
  );
  attempt(number, () => showCount(number, signal));
  attempt(trend, async () => showTrend(trend, (await api.get("undelivered/trend", { signal })).days, signal));
  attempt(progress, async () => replace(progress, summary(await api.get("undelivered/summary", { signal }))));
  attempt(ready, async () => replace(ready, readyToResend(await api.get("undelivered", { query: { ready: "true", limit: 200 }, signal }))));
  keepFresh(number, signal);
}

async function showCount(place, signal) {
  const count = await api.get("undelivered/count", { signal });
  const heard = count.total > 0 || (await api.hasHeard(signal));
  if (!signal.aborted) replace(place, heard ? hero(count) : unheard());
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

function hero(count) {
  const rows = CLASSES.map((name) => [name, countOf(count, name)]);
  const channels = Object.entries(count.by_channel);
  return [
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
    h("p", { class: "muted as-of" }, t("overview.as_of", { time: moment(count.as_of) })),
  ];
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

function readyToResend(page) {
  const n = page.items.length;
  const more = page.next_cursor ? "+" : "";
  if (n === 0) return h("p", { class: "muted" }, t("overview.ready_none"));
  return figure(`${number(n)}${more}`, t("overview.ready_label", { n }), { href: "#/report?ready=true" });
}

function summary(figures) {
  const hours = figures.median_hours_to_resolve;
  const reasons = (figures.top_reasons ?? []).slice(0, 5);
  const repeaters = (figures.repeat_recipients ?? []).slice(0, 5);
  return [
    h("div", { class: "figures" },
      figure(figures.resolved_share === null ? "–" : percent(figures.resolved_share ?? 0), t("overview.resolved_share")),
      figure(hours === null || hours === undefined ? "–" : duration(hours), t("overview.time_to_resolve"))),
    reasons.length > 0 && [h("h3", {}, t("overview.top_reasons")), h("ol", { class: "ranking" }, reasons.map(topReason))],
    repeaters.length > 0 && [h("h3", {}, t("overview.repeaters")), h("ol", { class: "ranking" }, repeaters.map(repeater))],
  ];
}

function topReason(row) {
  // The number includes items that have left the report. The list includes them when it has dates.
  const days = `from=${dateInZone(-29)}&to=${dateInZone()}`;
  return h("li", {}, h("a", { href: `#/report?${days}&reason=${row.reason}` }, reasonName(row.reason)), h("b", {}, number(row.count ?? row.n ?? 0)));
}

function repeater(row) {
  return h("li", {}, written(row.recipient ?? row.address), h("b", {}, number(row.count ?? row.n ?? 0)));
}

/** A number of hours, in minutes, hours or days. */
function duration(hours) {
  const [value, unit] = hours < 1 ? [hours * 60, "minute"] : hours < 48 ? [hours, "hour"] : [hours / 24, "day"];
  return number(value, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: value < 10 ? 1 : 0 });
}

// --- the trend

const HEIGHT = 200;
const LEFT = 34;
const BOTTOM = 22;
const TOP = 8;

/** Draw the trend in the available width, and again when the width changes, so that the text keeps its size. */
function showTrend(place, days, signal) {
  let drawn = 0;
  const draw = () => {
    const width = Math.max(260, Math.round(place.clientWidth));
    if (Math.abs(width - drawn) < 8) return;
    drawn = width;
    const open = place.querySelector("details")?.open;
    replace(place, trendChart(days, width));
    if (open) place.querySelector("details").open = true;
  };
  const watch = new ResizeObserver(draw);
  signal.addEventListener("abort", () => watch.disconnect());
  draw();
  watch.observe(place);
}

/** A chart with a stacked column for each day. A table has the same figures, for screen readers and keyboards. */
function trendChart(days, width) {
  if (!days?.length || days.every((day) => sum(day) === 0)) return h("p", { class: "muted" }, t("overview.trend_none"));
  const highest = niceTop(Math.max(...days.map(sum)));
  const scale = (value) => ((HEIGHT - TOP - BOTTOM) * value) / highest;
  const step = (width - LEFT) / days.length;
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": describe(days) });
  for (const value of [0, highest / 2, highest]) {
    const y = HEIGHT - BOTTOM - scale(value);
    chart.append(svg("line", { class: "grid", x1: LEFT, x2: width, y1: y, y2: y }));
    if (Number.isInteger(value)) chart.append(svg("text", { class: "axis", x: LEFT - 6, y: y + 4, "text-anchor": "end" }, number(value)));
  }
  days.forEach((day, index) => chart.append(column(day, LEFT + index * step, step, scale)));
  const every = Math.ceil(days.length / (width / 110));
  days.forEach((day, index) => {
    if ((days.length - 1 - index) % every) return;
    const x = LEFT + (index + 0.5) * step;
    const anchor = index === days.length - 1 ? "end" : "middle";
    chart.append(svg("text", { class: "axis", x: anchor === "end" ? width : x, y: HEIGHT - 6, "text-anchor": anchor },
      calendarDate(day.date, { day: "numeric", month: "short" })));
  });
  return [
    h("ul", { class: "legend", "aria-hidden": "true" }, STATUSES.map((name) => h("li", { class: `status-${name}` }, h("i", {}), t(`status.${name}`)))),
    chart,
    h("p", { class: "muted" }, t("overview.trend_counts")),
    h("details", {}, h("summary", {}, t("overview.as_table")), table(days)),
  ];
}

function column(day, x, step, scale) {
  const width = Math.max(2, step * 0.72);
  const group = svg("g", { class: "column" }, svg("title", {}, `${calendarDate(day.date)}: ${number(sum(day))}`));
  group.append(svg("rect", { class: "hit", x, y: TOP, width: step, height: HEIGHT - BOTTOM - TOP }));
  let y = HEIGHT - BOTTOM;
  for (const name of STATUSES) {
    const height = scale(day[name] ?? 0);
    if (height === 0) continue;
    y -= height;
    group.append(svg("rect", { class: `fill status-${name}`, x: x + (step - width) / 2, y, width, height: Math.max(height - 0.6, 0.8) }));
  }
  group.addEventListener("click", () => (location.hash = `#/report?from=${day.date}&to=${day.date}`));
  return group;
}

function sum(day) {
  return STATUSES.reduce((total, name) => total + (day[name] ?? 0), 0);
}

function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10].map((factor) => factor * power).find((top) => top >= Math.max(value, 2)) ?? 10 * power;
}

function describe(days) {
  const worst = days.reduce((one, other) => (sum(other) > sum(one) ? other : one));
  const n = days.reduce((total, day) => total + sum(day), 0);
  return t("overview.trend_described", {
    n,
    from: calendarDate(days[0].date),
    to: calendarDate(days[days.length - 1].date),
    worst: calendarDate(worst.date),
    most: sum(worst),
  });
}

function table(days) {
  return h("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": t("overview.trend") },
    h("table", { class: "figures-table" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("overview.day")), STATUSES.map((name) => h("th", { scope: "col" }, maybe(`status.${name}`))))),
      h("tbody", {}, [...days].reverse().map((day) =>
        h("tr", {},
          h("th", { scope: "row" }, h("a", { href: `#/report?from=${day.date}&to=${day.date}` }, calendarDate(day.date))),
          STATUSES.map((name) => h("td", {}, number(day[name] ?? 0))))))));
}
