/** Suppressions: the suppressed addresses and the reasons, and how to lift a suppression. */

import { localMoment, rfc3339 } from "./actions.js";
import * as api from "./api.js";
import * as auth from "./auth.js";
import { address, h, icon, replace } from "./dom.js";
import { day, maybe, moment, t } from "./i18n.js";
import { chosenOf, refine } from "./place.js";
import { offerSpelling } from "./spelling.js";
import { announce, attempt, button, busyButton, channelIcon, channelName, complain, complaintOf, dialogue, empty, errorPanel, field, keepFocus, loading, pageTitle, required, said, select, textInput, toast } from "./ui.js";

const REASONS = ["bounce", "complaint", "unsubscribed", "opted_out", "repeatedly_unreachable", "manual"];
const KEPT_IN_ADDRESS = ["channel", "reason"];
const NEED_CONSENT = new Set(["unsubscribed", "opted_out"]);

export function show(page, { query, signal }) {
  const view = { signal, filter: chosenOf(query, KEPT_IN_ADDRESS), items: [], cursor: null, place: h("div", { class: "results" }) };
  replace(page,
    h("div", { class: "page-head" }, pageTitle(t("suppressions.title")),
      auth.mayAct() && button(t("suppressions.add"), { on: () => addOne(view) })),
    h("p", { class: "muted" }, t("suppressions.intro")),
    h("div", { class: "filters" }, h("div", { class: "filter-row" }, lookUpForm(view), choices(view))),
    view.place);
  list(view);
}

/** Path of a suppression. */
export function suppressionPath(channel, address) {
  return `suppressions/${channel}/${encodeURIComponent(address)}`;
}

/** The query of a suppression that applies to one category only. */
function categoryQuery(item) {
  return item.category ? `?category=${item.category}` : "";
}

function channelOf(address) {
  return address.includes("@") ? "email" : "sms";
}

/** Why an address is suppressed, in words. */
export function reasonOf(item) {
  if (item.category) return t("suppressions.reason.category", { category: item.category });
  return maybe(`suppressions.reason.${item.reason}`) ?? item.reason;
}

// --- filters and look-up

function choices(view) {
  const choose = (name, label, options) => {
    const control = select(options, view.filter[name] ?? "", { on: { change: () => refine("suppressions", KEPT_IN_ADDRESS, () => ({ [name]: control.value })) } });
    return field(label, control);
  };
  return [
    choose("channel", t("report.channel"), [["", t("report.any")], ["email", channelName("email")], ["sms", channelName("sms")]]),
    choose("reason", t("suppressions.reason"), [["", t("report.any")], ...REASONS.map((name) => [name, t(`suppressions.reason.${name}`)])]),
  ];
}

function lookUpForm(view) {
  const box = h("input", { type: "search", maxlength: "320", autocomplete: "off", spellcheck: "false" });
  const labelled = field(t("suppressions.look_up"), box);
  labelled.classList.add("search");
  const line = h("div", { class: "search-box" });
  box.replaceWith(line);
  line.append(box, h("button", { type: "submit", class: "button" }, icon("search"), t("suppressions.go")));
  const search = (event) => {
    event.preventDefault();
    const address = box.value.trim();
    complain(box);
    if (!address) return list(view);
    replace(view.place, loading());
    return attempt(view.place, () => lookUp(view, address, box));
  };
  return h("form", { class: "flat", role: "search", on: { submit: search } }, labelled);
}

async function lookUp(view, address, box) {
  const back = button(t("suppressions.all"), { kind: "small", on: () => ((box.value = ""), box.focus(), list(view)) });
  try {
    const found = await api.get(suppressionPath(channelOf(address), address), { signal: view.signal });
    if (found.active === false) throw new api.ApiError(404, { code: "lifted", detail: found.lifted_at });
    replace(view.place, table(view, [found]), h("div", { class: "row spaced" }, back));
    announce(reasonOf(found));
  } catch (error) {
    if (error.status === 404 && error.code) {
      const lifted = error.code === "lifted" && t("suppressions.lifted_on", { when: moment(error.detail) });
      replace(view.place, h("div", { class: "card" }, empty(t("suppressions.not"), [t("suppressions.not_help", { address }), lifted].filter(Boolean).join(" "), back)));
      announce(t("suppressions.not"));
    } else if (error.status === 400) {
      complain(box, error.errors[0] ? complaintOf(error.errors[0].message) : said(error.detail));
      replace(view.place);
    } else throw error;
  }
}

// --- the list

function list(view) {
  replace(view.place, loading());
  return attempt(view.place, async () => {
    const page = await ask(view);
    view.items = page.items;
    view.cursor = page.next_cursor;
    if (view.items.length === 0) replace(view.place, h("div", { class: "card" }, empty(t("suppressions.empty"), t("suppressions.empty_help"))));
    else paint(view);
  });
}

async function ask(view, cursor) {
  const page = await api.get("suppressions", { query: { ...view.filter, cursor }, signal: view.signal });
  return { items: page.suppressions ?? page.items ?? [], next_cursor: page.next_cursor };
}

function paint(view) {
  const foot = h("div", { class: "list-foot" }, view.cursor && busyButton(t("report.more"), {}, async () => {
    try {
      const page = await ask(view, view.cursor);
      view.items.push(...page.items);
      view.cursor = page.next_cursor;
      const already = view.items.length - page.items.length;
      paint(view);
      view.place.querySelectorAll("tbody tr")[already]?.querySelector("button")?.focus();
    } catch (error) {
      if (error.name !== "AbortError") replace(foot, errorPanel(error, () => paint(view)));
    }
  }));
  replace(view.place, table(view, view.items), foot);
}

function table(view, items) {
  const head = ["address", "reason", "since"].map((name) => h("th", { role: "columnheader", scope: "col" }, t(`suppressions.${name}`)));
  const last = auth.mayAct() && h("th", { role: "columnheader", scope: "col" }, h("span", { class: "unseen" }, t("suppressions.lift")));
  return h("div", { class: "card list-card" },
    h("table", { class: "list", role: "table" },
      h("caption", { class: "unseen" }, t("suppressions.table")),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head[0], h("th", { role: "columnheader", scope: "col" }, t("report.channel")), head[1], head[2], last)),
      h("tbody", { role: "rowgroup" }, items.map((item) => row(view, item)))));
}

function row(view, item) {
  const cell = (label, content) => h("td", { role: "cell", "data-label": t(label) }, content);
  return h("tr", { role: "row" },
    h("td", { role: "cell" }, item.address ? h("b", {}, address(item.address)) : h("span", { class: "muted" }, t("suppressions.erased"))),
    cell("report.channel", channelIcon(item.channel)),
    cell("suppressions.reason", reasonOf(item)),
    h("td", { role: "cell", class: "date" }, h("time", { datetime: item.since }, day(item.since))),
    auth.mayAct() && h("td", { role: "cell", class: "end-cell" }, item.reason === "complaint" || !item.address
      ? h("span", { class: "muted" }, t(item.reason === "complaint" ? "suppressions.no_lift" : "suppressions.erased_help"))
      : button(t("suppressions.lift"), { kind: "small", "aria-label": t("suppressions.lift_label", { address: item.address }), on: () => lift(view, item) })));
}

// --- lifting and adding

async function lift(view, item) {
  const consentNeeded = NEED_CONSENT.has(item.reason);
  const why = h("textarea", { rows: "2", maxlength: "500" });
  const givenBy = textInput("", { maxlength: "200", autocomplete: "off" });
  const how = select(["in_person", "phone", "writing", "form"].map((name) => [name, t(`consent.how.${name}`)]), "in_person");
  const now = localMoment(new Date());
  const at = h("input", { type: "datetime-local", value: now, max: now });
  const done = await dialogue({
    title: t("suppressions.lift_title"),
    intro: t(consentNeeded ? "suppressions.lift_consent" : "suppressions.lift_intro", { address: item.address }),
    content: [
      item.channel === "sms" && consentNeeded && h("p", { class: "help" }, t("suppressions.sms_once")),
      consentNeeded && [field(t("consent.given_by"), givenBy), h("div", { class: "two" }, field(t("consent.how"), how), field(t("consent.at"), at))],
      field(t("suppressions.why"), why),
    ],
    action: t("suppressions.lift"),
    complaints: { why, "consent.given_by": givenBy, "consent.how": how, "consent.at": at },
    submit: async () => {
      const consent = consentNeeded && { given_by: required(givenBy), how: how.value, at: rfc3339(required(at)) };
      const body = { why: required(why), ...(consent && { consent }) };
      return api.request("DELETE", `${suppressionPath(item.channel, item.address)}${categoryQuery(item)}`, { body });
    },
  });
  if (!done) return;
  toast(t(done.provider_entry === "kept" ? "suppressions.lifted_kept" : "suppressions.lifted", { address: item.address }));
  const place = view.items.indexOf(item);
  await list(view);
  const rows = [...view.place.querySelectorAll("tbody tr")];
  const next = rows.slice(Math.max(place, 0)).find((one) => one.querySelector("button")) ?? rows.findLast((one) => one.querySelector("button"));
  next?.querySelector("button").focus();
  keepFocus();
}

async function addOne(view) {
  const address = textInput("", { maxlength: "320", autocomplete: "off", spellcheck: "false" });
  const why = h("textarea", { rows: "2", maxlength: "500" });
  const addressField = field(t("suppressions.address"), address);
  offerSpelling(address);
  const added = await dialogue({
    title: t("suppressions.add"),
    intro: t("suppressions.add_intro"),
    content: [addressField, field(t("suppressions.add_why"), why)],
    action: t("suppressions.add"),
    complaints: { address, why },
    submit: async () => {
      const text = required(address);
      await api.request("PUT", suppressionPath(channelOf(text), text), { body: { why: required(why) } });
      return text;
    },
  });
  if (!added) return;
  toast(t("suppressions.added", { address: added }));
  list(view);
}
