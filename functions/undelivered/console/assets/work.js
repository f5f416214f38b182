/** What to do now, as lists of customers: to correct, to resend, ours to fix, to leave alone. */

import * as api from "./api.js";
import { WORK } from "./dashboard.js";
import { h, icon, replace, written } from "./dom.js";
import { capitalised, moment, number, shortDay, t } from "./i18n.js";
import { customerHref } from "./place.js";
import { keepTrail } from "./trail.js";
import { announce, attempt, busyButton, empty, errorPanel, loading, pageTitle, reasonName } from "./ui.js";

const PAGE_SIZE = 25;

export function show(page, { rest: [name], signal }) {
  const kind = WORK.includes(name) ? name : WORK[0];
  const counts = Object.fromEntries(WORK.map((one) => [one, h("b")]));
  const place = h("div", { class: "results" }, loading());
  replace(page,
    h("div", { class: "page-head" }, pageTitle(t("work.title")), h("a", { class: "button", href: `#/report?work=${kind}` }, t("work.in_report"))),
    h("nav", { class: "pills spaced", "aria-label": t("work.title") }, WORK.map((one) =>
      h("a", { class: "pill", href: `#/work/${one}`, "aria-current": one === kind && "page" }, capitalised(t(`work.${one}`)), counts[one]))),
    h("p", { class: "muted spaced" }, t(`work.help.${kind}`)),
    h("div", { class: "spaced" }, place));
  api.get("undelivered/count", { signal })
    .then(({ by_work: numbers }) => WORK.forEach((one) => (counts[one].textContent = numbers ? number(numbers[one]) : "")))
    .catch(() => null); // the list says more than its number
  attempt(place, () => showList(place, kind, signal));
}

async function showList(place, kind, signal) {
  const list = h("ul", { class: "people" });
  const foot = h("div", { class: "list-foot" });
  const hrefs = [];
  let cursor;
  /** Ask for pages until one has customers or the list ends; return the links of what is new. */
  const more = async () => {
    const start = hrefs.length;
    while (cursor !== null && hrefs.length === start) {
      const page = await api.get("undelivered/customers", { query: { work: kind, limit: PAGE_SIZE, cursor } });
      cursor = page.next_cursor;
      hrefs.push(...page.customers.map(hrefOf));
      list.append(...page.customers.map(row));
    }
    return hrefs.slice(start);
  };
  const paintFoot = () => replace(foot, cursor !== null && busyButton(t("report.more"), {}, async () => {
    try {
      const [first] = await more();
      paintFoot();
      if (first) list.children[hrefs.indexOf(first)].querySelector("a").focus();
    } catch (error) {
      replace(foot, errorPanel(error, paintFoot));
    }
  }));
  await more();
  if (signal.aborted) return;
  keepTrail({ back: `#/work/${kind}`, hrefs, more });
  if (hrefs.length === 0) replace(place, h("div", { class: "card" }, empty(t("work.none"), t("work.none_help"), h("a", { class: "button", href: "#/" }, t("nav.overview")))));
  else {
    replace(place, h("div", { class: "card list-card" }, list, foot));
    paintFoot();
  }
  announce(t("work.shown", { n: hrefs.length }));
}

/** The page of a customer; without a known customer, that of their newest message. */
function hrefOf({ customer, newest }) {
  return customer.id ? customerHref(customer.id) : `#/item/${newest.id}`;
}

function row(group) {
  const { customer, items, newest } = group;
  return h("li", {}, h("a", { href: hrefOf(group) },
    h("b", {}, written(customer.name || customer.id || newest.recipient)),
    h("span", {}, written(newest.recipient)),
    h("span", { class: "muted" }, reasonName(newest.reason, newest.channel)),
    h("span", { class: "muted" }, t("work.messages", { n: items })),
    h("time", { class: "muted", datetime: newest.failed_at, title: moment(newest.failed_at) }, shortDay(newest.failed_at)),
    icon("next")));
}
