/** "Did it arrive?": what was sent to a customer or an address in the past thirty days, and what is known of it. */

import * as api from "./api.js";
import { h, icon, replace, written } from "./dom.js";
import { loadTexts, moment, t } from "./i18n.js";
import { attempt, card, channelIcon, complain, complaintOf, field, loading, reasonName, said } from "./ui.js";

const CLASSES = { accepted: "good", undelivered: "bad", not_sent: "bad" };

/** A search for what was sent to an address. */
export function arrivalSearch(signal) {
  const place = h("div", { class: "spaced" });
  attempt(place, async () => {
    await loadTexts("arrivals");
    if (!signal.aborted) paintSearch(place, signal);
  });
  return place;
}

function paintSearch(place, signal) {
  const box = h("input", { type: "search", maxlength: "320", autocomplete: "off", spellcheck: "false", inputmode: "email" });
  const result = h("div", { class: "spaced" });
  const labelled = field(t("arrivals.address"), box);
  labelled.classList.add("search");
  const row = h("div", { class: "search-box" });
  box.replaceWith(row);
  row.append(box, h("button", { type: "submit", class: "button" }, icon("search"), t("arrivals.go")));
  const search = (event) => {
    event.preventDefault();
    complain(box);
    const address = box.value.trim();
    if (!address) return complain(box, t("error.required"));
    replace(result, loading());
    attempt(result, async () => {
      const answer = await api.get("notifications", { query: { address }, signal }).catch((error) => {
        if (error.status !== 400) throw error;
        replace(result);
        complain(box, error.errors[0] ? complaintOf(error.errors[0].message) : said(error.detail));
      });
      if (answer) replace(result, list(answer, address));
    });
  };
  replace(place, card(t("arrivals.title"), h("form", { role: "search", "aria-label": t("arrivals.title"), on: { submit: search } }, labelled), result));
}

/** A card with what was sent to a customer. */
export function customerArrivals(path, signal) {
  const place = h("div", {}, loading());
  attempt(place, async () => {
    const [answer] = await Promise.all([api.get(`${path}/notifications`, { signal }), loadTexts("arrivals")]);
    replace(place, card(t("arrivals.title"), list(answer)));
  });
  return place;
}

function list({ notifications }, address) {
  return [
    notifications.length === 0
      ? h("p", { class: "muted", role: "status" }, t("arrivals.none"))
      : h("ul", { class: "record" }, notifications.map((each) => line(each, address))),
    h("p", { class: "muted" }, t("arrivals.meaning")),
  ];
}

function line(one, address) {
  const title = h("b", {}, written(one.title ?? t("report.untitled")));
  return h("li", {},
    one.item_id ? h("a", { href: `#/item/${one.item_id}` }, title) : title, " ",
    h("span", { class: `arrival ${CLASSES[one.arrival] ?? ""}` }, t(`arrivals.${one.channel}.${one.arrival}`), one.reason && `: ${reasonName(one.reason, one.channel)}`),
    h("div", { class: "muted" }, channelIcon(one.channel), " · ", h("time", { datetime: one.sent_at }, moment(one.sent_at)), one.to !== address && [" · ", written(one.to)],
      one.accepted_at && [" · ", t("arrivals.accepted_at", { when: moment(one.accepted_at) })]));
}
