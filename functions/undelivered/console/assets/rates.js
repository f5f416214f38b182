/** Which share of the messages that were sent failed, by channel, with the limits of Amazon SES and the period before. */

import * as api from "./api.js";
import { h, replace, svg } from "./dom.js";
import { loadTexts, number, t } from "./i18n.js";
import { card, channelIcon } from "./ui.js";

const LIMITS_PAGE = "https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html";
/** How far a scale goes beyond the limit at which sending may be paused. */
const BEYOND = 1.3;

export async function show(place, { signal }) {
  const [rates] = await Promise.all([api.get("undelivered/rates", { signal }), loadTexts("rates")]);
  if (signal.aborted) return;
  const shown = rates.channels.filter((channel) => channel.sent > 0 || channel.leaves_out_host);
  const leavesOut = shown.some((channel) => channel.leaves_out_host);
  replace(place, card(t("rates.title"),
    shown.length > 0 ? h("div", { class: "channels" }, shown.map((channel) => ofChannel(channel, rates))) : h("p", { class: "muted" }, t("rates.none")),
    leavesOut && h("p", { class: "muted" }, t("rates.host_left_out")),
    h("p", { class: "rates-links" },
      shown.some(({ channel }) => channel === "email") && h("a", { href: LIMITS_PAGE, rel: "noreferrer", target: "_blank" }, t("rates.limits")),
      h("a", { href: "#/incidents" }, t("rates.incidents")))));
}

function ofChannel(channel, rates) {
  const isEmail = channel.channel === "email";
  const rows = [
    rate("failure", channel),
    rate("hard_bounce", channel, isEmail && rates.hard_bounce_limits),
    isEmail && rate("complaint", channel, rates.complaint_limits),
  ];
  return h("div", { class: "rates" },
    h("h3", {}, channelIcon(channel.channel), h("span", { class: "muted" }, t("rates.sent", { n: channel.sent }), nothingBefore(channel) && ` · ${t("rates.before_none")}`)),
    channel.sent > 0 && h("ul", {}, rows));
}

function rate(name, channel, limits) {
  const value = channel[`${name}_rate`];
  return h("li", {},
    h("span", { class: "rate-name" }, t(`rates.${name}`)),
    h("b", {}, share(value)),
    h("span", { class: "muted" }, !nothingBefore(channel) && change(value, channel.before[`${name}_rate`])),
    limits && [scale(value, limits), h("span", { class: `rate-state ${stateOf(value, limits)}` }, said(value, limits))]);
}

function share(value) {
  return number(value, { style: "percent", maximumFractionDigits: value < 0.01 ? 2 : 1 });
}

/** Nothing to compare with: said once for the channel. */
function nothingBefore({ sent, before }) {
  return sent > 0 && before.failure_rate === null;
}

/** The change against the period before, in percentage points. */
function change(value, before) {
  if (before === null) return t("rates.before_none");
  const points = Math.round((value - before) * 10_000) / 100;
  if (points === 0) return t("rates.same");
  return t(points > 0 ? "rates.more" : "rates.less", { n: Math.abs(points) });
}

function stateOf(value, { review, pause }) {
  return value >= pause ? "bad" : value >= review ? "warn" : "good";
}

function said(value, limits) {
  const state = stateOf(value, limits);
  return t(`rates.${state}`, { limit: share(state === "bad" ? limits.pause : limits.review) });
}

/** A bar with lines at the limits. The text beside it says the same. */
function scale(value, { review, pause }) {
  const end = Math.max(pause * BEYOND, value);
  const at = (share) => (100 * share) / end;
  return svg("svg", { class: `track rate-scale ${stateOf(value, { review, pause })}`, viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "rail", x: 0, y: 2, width: 100, height: 6 }),
    value > 0 && svg("rect", { class: "run", x: 0, y: 2, width: Math.max(0.8, at(value)), height: 6 }),
    [review, pause].map((limit) => svg("line", { class: "limit", x1: at(limit), x2: at(limit), y1: 0, y2: 10, "vector-effect": "non-scaling-stroke" })));
}
