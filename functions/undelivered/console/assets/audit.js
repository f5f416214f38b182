/** What the people of the account did, newest first. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { h, icon, replace, written } from "./dom.js";
import { maybe, moment, t } from "./i18n.js";
import { customerHref } from "./place.js";
import { attempt, busyButton, empty, loading, pageTitle, toastError } from "./ui.js";

const PAGE = 50;

export async function show(page, { signal }) {
  const place = h("div", {}, auth.mayManage() ? loading() : h("p", { class: "muted" }, t(auth.mayAct() ? "embed.settings" : "people.managers_only")));
  replace(page,
    h("a", { class: "back", href: "#/settings" }, icon("back"), t("nav.settings")),
    pageTitle(t("audit.title")), h("p", { class: "muted" }, t("audit.intro")), place);
  page.querySelector("h1").focus({ preventScroll: true });
  const view = { place, signal, body: h("tbody", { role: "rowgroup" }), foot: h("div", { class: "list-foot" }) };
  if (auth.mayManage()) await attempt(place, async () => paint(view, await ask(view)));
}

const ask = (view, cursor) => api.get("audit", { query: { limit: PAGE, cursor }, signal: view.signal });

function paint(view, first) {
  if (!first.items.length) {
    replace(view.place, h("div", { class: "card" }, empty(t("audit.empty"), t("audit.empty_help"))));
    return;
  }
  replace(view.place, h("div", { class: "card list-card spaced" },
    h("table", { class: "list", role: "table" },
      h("caption", { class: "unseen" }, t("audit.table")),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ["what", "who", "when"].map((name) => h("th", { role: "columnheader", scope: "col" }, t(`audit.${name}`))))),
      view.body),
    view.foot));
  add(view, first);
}

function add(view, page) {
  view.body.append(...page.items.map(row));
  replace(view.foot, page.next_cursor && busyButton(t("audit.more"), {}, async () => {
    try {
      add(view, await ask(view, page.next_cursor));
    } catch (error) {
      toastError(error);
    }
  }));
}

function row(act) {
  const cell = (content, attributes) => h("td", { role: "cell", ...attributes }, content);
  const what = maybe(`act.${act.act}`) ?? act.act.replaceAll("_", " ");
  const href = placeOf(act);
  return h("tr", { role: "row" },
    cell([href ? h("a", { href }, what) : h("b", {}, what), act.subject && [" ", written(act.subject)]], { class: "title-cell" }),
    cell(written(nameOf(act.by)), { class: "who-cell" }),
    cell(h("time", { datetime: act.at }, moment(act.at)), { class: "date" }));
}

/** The page of what it concerned. After an erasure, there is none. */
function placeOf({ item_id: item, customer_id: customer }) {
  if (item) return `#/item/${item}`;
  return customer && customerHref(customer);
}

/** Without the ID in brackets at the end, which distinguishes people with the same address. */
function nameOf(by) {
  return by.replace(/ \([0-9a-f-]{36}\)$/, "");
}
