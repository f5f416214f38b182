/** Evidence: a page to print of one message, or of all messages of a customer, and the signed file beside it. */

import { itemPath } from "./actions.js";
import * as api from "./api.js";
import { customerPath } from "./contact.js";
import { save } from "./csv.js";
import { h, icon, replace, written } from "./dom.js";
import { dateInZone, loadTexts, maybe, moment, t } from "./i18n.js";
import { customerHref } from "./place.js";
import { attempt, busyButton, button, channelName, empty, loading, pageTitle, reasonName } from "./ui.js";

const MOST = 50;
const DAYS_BACK = -365;
const AT_ONCE = 4;

export function show(page, { rest: [id], query, signal }) {
  const customerId = query.get("customer");
  const place = h("div", {}, loading());
  replace(page, place);
  attempt(place, async () => {
    await loadTexts("evidence");
    const href = customerId ? customerHref(customerId) : `#/item/${id}`;
    replace(page, h("a", { class: "back", href }, icon("back"), t("evidence.back")), place);
    const all = customerId ? await ofCustomer(customerId, signal) : { signed: [await get(id, signal)], heading: null, more: false };
    paint(place, all);
    place.querySelector("h1").focus({ preventScroll: true });
  });
}

function get(id, signal) {
  return api.get(itemPath(id, "evidence"), { signal });
}

/** The evidence of the customer's last messages that did not arrive at first, also of those that have since. */
async function ofCustomer(id, signal) {
  const [customer, page] = await Promise.all([
    api.get(customerPath(id), { signal }),
    api.get("undelivered", { query: { customer_id: id, from: dateInZone(DAYS_BACK), limit: MOST }, signal }),
  ]);
  const signed = [];
  for (let start = 0; start < page.items.length; start += AT_ONCE) {
    signed.push(...(await Promise.all(page.items.slice(start, start + AT_ONCE).map((item) => get(item.id, signal)))));
  }
  return { signed, heading: customer.name || customer.id, more: Boolean(page.next_cursor) };
}

function paint(place, { signed, heading, more }) {
  if (signed.length === 0) {
    replace(place, pageTitle(t("evidence.of", { name: heading })), h("div", { class: "card" }, empty(t("customers.no_items"), "")));
    return;
  }
  const [{ evidence: first }] = signed;
  replace(place,
    h("div", { class: "page-head" },
      pageTitle(heading === null ? t("evidence.title") : t("evidence.of", { name: heading })),
      h("div", { class: "row no-print" },
        busyButton(t("evidence.download"), { glyph: "download" }, () => saveSigned(signed)),
        button(t("evidence.print"), { kind: "primary", on: () => window.print() }))),
    h("p", { class: "muted" }, t("evidence.issued", { when: moment(first.issued_at), by: first.issued_by, account: first.account_id })),
    more && h("p", { class: "muted" }, t("evidence.last", { n: MOST })),
    signed.map(({ evidence }) => message(evidence)),
    h("section", { class: "card evidence" }, h("h2", {}, t("evidence.meaning")),
      h("p", {}, t("evidence.statement")),
      h("p", {}, t("evidence.check")), first.keys_url && h("p", {}, written(first.keys_url))));
}

function saveSigned(signed) {
  const name = signed.length === 1 ? `${t("evidence.file_name")}-${signed[0].evidence.sent_at.slice(0, 10)}` : t("evidence.file_name");
  save(`${name}.json`, JSON.stringify(signed.length === 1 ? signed[0] : signed, null, 2), "application/json");
}

function message(evidence) {
  return h("section", { class: "card evidence" },
    h("h2", {}, written(evidence.title || t("report.untitled"))),
    h("dl", { class: "facts" },
      fact("customer", written([evidence.customer.name, evidence.customer.id && `(${evidence.customer.id})`].filter(Boolean).join(" ") || "–")),
      fact("channel", channelName(evidence.channel)),
      fact("notification", written(evidence.notification_id)),
      fact("sent", h("time", { datetime: evidence.sent_at }, moment(evidence.sent_at))),
      fact("state", t(`state.${evidence.state}`)),
      evidence.contact?.contact && fact("contact", written(evidence.contact.contact), changedBy(evidence.contact))),
    h("h3", {}, t("detail.attempts")),
    h("ol", { class: "record" }, evidence.attempts.map((one) => attemptLine(one, evidence.channel))),
    evidence.audit.length > 0 && [h("h3", {}, t("detail.history")), h("ul", { class: "record" }, evidence.audit.map((one) =>
      h("li", {}, maybe(`record.${one.action}`) ?? one.action, " ", written(one.detail), h("div", { class: "muted" }, t("detail.attempt_by", { when: moment(one.at), by: who(one.by) })))))],
    h("h3", {}, t("evidence.content")),
    evidence.content ? digests(evidence.content) : h("p", { class: "muted" }, t("evidence.no_content")));
}

function fact(name, ...value) {
  return [h("dt", {}, t(`evidence.${name}`)), h("dd", {}, value)];
}

function changedBy({ changed_at: at, changed_by: by }) {
  if (!at) return null;
  return h("div", { class: "muted" }, by ? t("evidence.changed_by", { when: moment(at), by: who(by) }) : t("customers.changed_on", { when: moment(at) }));
}

function attemptLine(one, channel) {
  const { report } = one;
  return h("li", {},
    h("p", {}, h("b", {}, outcomeOf(one, channel)), report?.reason && [": ", reasonName(report.reason, channel)]),
    h("p", {}, t("evidence.to"), " ", written(one.to || "–")),
    h("p", { class: "muted" }, t("detail.attempt", { number: one.attempt }), " · ", t("detail.attempt_by", { when: moment(one.at), by: who(one.by) }), " · ", t(`evidence.sent_by.${one.sent_by}`)),
    report && h("p", { class: "muted" }, t("evidence.reported", { when: moment(report.at) }), report.source && ` · ${report.source}`),
    one.provider_message_id && h("p", { class: "muted" }, t("evidence.message_id"), " ", h("span", { dir: "ltr" }, one.provider_message_id)),
    report?.diagnostic && [h("p", { class: "muted" }, t("evidence.answer")), h("pre", { dir: "ltr" }, report.diagnostic)],
    one.note && h("p", { class: "muted" }, written(one.note)));
}

/** What became of an attempt. That a server accepted a message does not mean that anybody read it. */
function outcomeOf({ outcome }, channel) {
  return maybe(`evidence.outcome.${channel}.${outcome}`) ?? maybe(`detail.outcome.${outcome}`) ?? outcome;
}

function who(name) {
  return maybe(`by.${name}`) ?? name;
}

function digests(content) {
  const parts = [["subject", content.subject_sha256], ["text", content.text_sha256], ["html", content.html_sha256]].filter(([, digest]) => digest);
  const digest = (text) => h("code", { class: "digest", dir: "ltr" }, text);
  return [h("p", { class: "muted" }, t("evidence.digests")), h("dl", { class: "facts" },
    parts.map(([name, value]) => [h("dt", {}, t(`evidence.part.${name}`)), h("dd", {}, digest(value))]),
    content.attachments.map((file) => [h("dt", {}, written(file.filename)), h("dd", {}, file.sha256 ? digest(file.sha256) : "–")]))];
}
