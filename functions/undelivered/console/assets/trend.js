/** The overview below the fold: failures by day as a chart and a table, and how they were resolved. */

import * as api from "./api.js";
import { h, replace, svg, written } from "./dom.js";
import { calendarDate, dateInZone, maybe, number, percent, t } from "./i18n.js";
import { attempt, card, figure, loading, reasonName } from "./ui.js";

const STATUSES = ["bounced", "invalid", "spammed", "dropped", "failed"];

/** Show both parts. `days` is a promise of the days of the trend. */
export function show(place, { days, signal }) {
  const trend = h("div", { class: "chart-place" }, loading());
  const progress = h("div", {}, loading());
  replace(place, h("div", { class: "overview" }, card(t("overview.trend"), trend), card(t("overview.progress"), progress)));
  attempt(trend, async () => showTrend(trend, await days(), signal));
  attempt(progress, async () => replace(progress, summary(await api.get("undelivered/summary", { signal }))));
}

function summary(figures) {
  const hours = figures.median_hours_to_resolve;
  const reasons = (figures.top_reasons ?? []).slice(0, 5);
  const repeaters = (figures.repeat_recipients ?? []).slice(0, 5);
  return [
    h("div", { class: "figures" },
      figure(figures.resolved_share === null ? "–" : percent(figures.resolved_share ?? 0), t("overview.resolved_share")),
      figures.resolved_by_customers > 0 && figure(percent(figures.resolved_by_customers_share), t("overview.by_customers")),
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
