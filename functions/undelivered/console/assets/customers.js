/** Customers: find one by a part of the name or contact, see and correct their contacts. */

import { sendAsText } from "./actions.js";
import * as api from "./api.js";
import { arrivalSearch, customerArrivals } from "./arrivals.js";
import { askingCard, channelsToAsk } from "./asking.js";
import * as auth from "./auth.js";
import { jobPanel, resendAtOnce, resendBehind } from "./bulk.js";
import { changedOn, contactForm, customerPath } from "./contact.js";
import { save } from "./csv.js";
import { WORK } from "./dashboard.js";
import { freshId, h, icon, replace, written } from "./dom.js";
import { day, maybe, number, t } from "./i18n.js";
import { customerHref } from "./place.js";
import { nextOfTrail, trailBack, trailNav } from "./trail.js";
import { followUpCard } from "./follow_up.js";
import { reasonOf, suppressionPath } from "./suppressions.js";
import { announce, attempt, busyButton, button, card, complain, complaintOf, dialogue, empty, field, loading, Mistake, pageTitle, reasonName, required, said, stateChip, statusChip, toast, toastError } from "./ui.js";

const SHOWN = 20;
const LEAST_TYPED = 2;
const TYPING_PAUSE_MS = 300;
const LIMIT = 200; // of the messages that one press resends

/** The last search. It is not in the URL, because it is personal data. */
let last = "";

export function show(page, { rest: [id], signal }) {
  if (id) showOne(page, id, signal);
  else showSearch(page, signal);
}

function showSearch(page, signal) {
  const box = h("input", { type: "search", value: last, maxlength: "200", autocomplete: "off", spellcheck: "false" });
  const view = { signal, place: h("div", { class: "results" }) };
  let timer;
  const search = () => {
    clearTimeout(timer);
    const text = box.value.trim();
    if (text === view.text) return;
    last = text;
    if (text.length < LEAST_TYPED) paintHint(view);
    else find(view, text);
  };
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, TYPING_PAUSE_MS);
  });
  signal.addEventListener("abort", () => clearTimeout(timer));
  replace(page,
    h("div", { class: "page-head" }, pageTitle(t("customers.title")), auth.mayAct() && h("div", { class: "row" },
      h("a", { class: "button", href: "#/sheet" }, t("customers.sheet")), h("a", { class: "button", href: "#/import" }, t("customers.import")))),
    h("form", { class: "filters", role: "search", "aria-label": t("customers.find"), on: { submit: (event) => (event.preventDefault(), search()) } },
      h("div", { class: "filter-row" }, searchField(box))),
    view.place, arrivalSearch(signal));
  paintHint(view);
  search();
}

function searchField(box) {
  const labelled = field(t("customers.search"), box);
  labelled.classList.add("search");
  const line = h("div", { class: "search-box" });
  box.replaceWith(line);
  line.append(box, h("button", { type: "submit", class: "button primary" }, icon("search"), t("customers.go")));
  return labelled;
}

function paintHint(view) {
  view.text = "";
  view.run = null;
  replace(view.place, h("div", { class: "card" }, empty(t("customers.hint"), t("customers.hint_help"))));
}

function find(view, text) {
  view.text = text;
  view.found = [];
  view.cursor = undefined;
  replace(view.place, loading());
  attempt(view.place, () => goOn(view, SHOWN));
}

/** Ask for pages until so many customers are shown: a page can be short, even empty, with a cursor to go on from. */
async function goOn(view, wanted) {
  const run = (view.run = {}); // a later search ends this one
  const already = view.found.length;
  do {
    const query = { q: view.text, limit: wanted - view.found.length, cursor: view.cursor };
    const { customers, next_cursor: next } = await api.get("customers", { query, signal: view.signal });
    if (view.run !== run) return;
    view.found.push(...customers);
    view.cursor = next;
    paintFound(view, { running: next && view.found.length < wanted });
  } while (view.cursor && view.found.length < wanted);
  if (already > 0) view.place.querySelectorAll("li a")[already]?.focus();
  announce(view.found.length > 0 ? view.found.slice(already).map(({ name }) => name).join(", ") : t("customers.none"));
}

function paintFound(view, { running }) {
  if (view.found.length === 0) {
    replace(view.place, running ? loading() : h("div", { class: "card" }, empty(t("customers.none"), t("customers.none_help"))));
    return;
  }
  replace(view.place,
    h("ul", { class: "card record" }, view.found.map((customer) =>
      h("li", {}, h("a", { href: customerHref(customer.id) }, h("b", {}, written(customer.name || customer.id))),
        h("div", { class: "muted" }, [customer.email, customer.phone].filter(Boolean).map((contact, index) => [index > 0 && " · ", written(contact)]))))),
    h("div", { class: "list-foot" }, running
      ? h("span", { class: "spinner" })
      : view.cursor && busyButton(t("report.more"), {}, () => goOn(view, view.found.length + SHOWN).catch(toastError))));
}

function showOne(page, id, signal) {
  const place = h("div", {}, loading());
  const back = trailBack();
  replace(page,
    h("div", { class: "way" },
      h("a", { class: "back", href: back ?? "#/customers" }, icon("back"), t(back ? "trail.back" : "customers.back")), trailNav(signal)),
    place);
  const view = { id, place, signal, isQueue: Boolean(back?.startsWith("#/work/")), arrivals: customerArrivals(customerPath(id), signal) };
  attempt(place, async () => {
    await refresh(view);
    place.querySelector("h1").focus({ preventScroll: true });
    if (back === "#/work/correct" && view.isToCorrect) {
      view.edit();
      announce(place.querySelector("h1").textContent);
    }
  });
}

async function refresh(view) {
  const { id, place, signal } = view;
  const [customer, items] = await Promise.all([
    api.get(customerPath(id), { signal }),
    api.get("undelivered", { query: { customer_id: id, limit: LIMIT }, signal }),
  ]);
  if (!signal.aborted) paintOne(view, place, customer, items, suppressionsOf(customer, signal));
}

/** The active suppressions of a customer's contacts, by channel. */
async function suppressionsOf({ email, phone }, signal) {
  const find = async (channel, address) => {
    if (!address) return null;
    try {
      const found = await api.get(suppressionPath(channel, address), { signal });
      return found.active ? found : null;
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  };
  const [ofEmail, ofPhone] = await Promise.all([find("email", email), find("sms", phone)]);
  return { email: ofEmail, sms: ofPhone };
}

/** Say that nothing is sent to a contact, and why. */
function suppressed(suppression) {
  if (!suppression) return null;
  return h("p", { class: "blocked" },
    h("a", { href: "#/suppressions" }, t("customers.suppressed")), t("customers.suppressed_since", { reason: reasonOf(suppression), since: day(suppression.since) }));
}

/** Say that the customer has agreed to messages at a contact, and how. */
function agreed({ consents = [] }, contact) {
  const last = consents.findLast((one) => contact && one.contact === contact);
  if (!last) return null;
  const how = maybe(`consent.how.${last.how}`) ?? last.how;
  return h("p", { class: "muted" }, written(t("customers.agreed", { when: day(last.at), how })));
}

/** Show a customer. What is known of `suppressing`, the suppressions of the contacts, follows when it comes. */
function paintOne(view, place, customer, { items, next_cursor: more }, suppressing) {
  const body = h("div", {});
  let suppressions = {};
  const line = (label, value, when, suppression) =>
    [h("dt", {}, t(label)), h("dd", {}, value ? contactLink(value) : "–", changedOn(when), suppressed(suppression) ?? agreed(customer, value))];
  const read = () => replace(body,
    h("dl", {},
      line("contact.email", customer.email, customer.email_changed_at, suppressions.email),
      line("contact.phone", customer.phone, customer.phone_changed_at, suppressions.sms)),
    auth.mayAct() && h("div", { class: "row spaced" }, button(t("detail.edit"), { glyph: "edit", kind: "small edit", on: edit })));
  const [toCorrect] = items.filter(({ work }) => work === "correct");
  const edit = () => {
    const again = t(view.isQueue ? "contact.resend_next" : "contact.resend");
    replace(body, contactForm(customer, { focus: toCorrect?.channel === "sms" ? "phone" : "email", resend: toCorrect && again, cancelled: () => (read(), body.querySelector(".edit").focus()), saved: corrected }));
    const first = body.querySelector("[data-first]");
    first.focus();
    first.select();
  };
  const corrected = async ({ ready_to_resend: ready }, isResent) => {
    const ids = idsToResend(items, ready);
    if (isResent && (await resendAndGoOn(view, customer, ids))) return;
    await refresh(view);
    if (isResent) resendHere(view, items, ids);
    else (place.querySelector("#resend-all") ?? place.querySelector("h1")).focus();
  };
  Object.assign(view, { edit, isToCorrect: auth.mayAct() && Boolean(toCorrect) });
  read();
  const shown = items.slice(0, SHOWN);
  const mayBeText = ({ channel, state }) => auth.mayAct() && customer.phone && channel === "email" && state === "open";
  suppressing.then((found) => {
    suppressions = found;
    for (const button of place.querySelectorAll(".pending")) {
      if (found.sms) button.remove();
      else button.classList.remove("pending");
    }
    if (body.querySelector("form") || !(found.email || found.sms)) return;
    const hadFocus = body.contains(document.activeElement);
    read();
    if (hadFocus) body.querySelector(".edit").focus();
  }).catch(toastError);
  replace(place,
    h("div", { class: "detail-head" }, pageTitle(written(customer.name || customer.id)), auth.mayAct() && resendButton(view, customer, items)),
    h("div", { class: "news" }),
    h("div", { class: "detail" },
      h("div", { class: "stack" }, card(t("customers.items"), items.length === 0 ? h("p", { class: "muted" }, t("customers.no_items")) : h("ul", { class: "record" }, shown.map((item) => itemLine(item, mayBeText(item) && textButton(view, item, customer.phone)))),
        (more || items.length > SHOWN) && h("p", { class: "spaced" }, h("a", { href: `#/report?customer_id=${encodeURIComponent(customer.id)}` }, t("customers.see_all")))),
        view.arrivals),
      h("div", { class: "stack" },
        card(t("customers.contacts"), body, items.length > 0 && h("p", { class: "spaced" }, h("a", { href: `#/evidence?customer=${encodeURIComponent(customer.id)}` }, t("detail.evidence")))),
        followUpCard(customer),
        askingCard(customer.id, channelsToAsk(items), () => refresh(view), view.signal),
        auth.mayManage() && personalData(customer))));
}

/** A contact as a link that writes to it or calls it. */
function contactLink(contact) {
  return h("a", { href: contact.includes("@") ? `mailto:${encodeURIComponent(contact).replace("%40", "@")}` : `tel:${contact}` }, written(contact));
}

/** The IDs of the messages that one press resends: those that are to be resent, and those that have become ready. */
function idsToResend(items, ready) {
  return [...new Set([...items.filter(({ work }) => work === "resend").map(({ id }) => id), ...ready])];
}

/** One press resends all of the customer's messages that are to be resent. It says which ones are not among them. */
function resendButton(view, customer, items) {
  const ids = idsToResend(items, customer.ready_to_resend);
  if (ids.length === 0) return null;
  const others = items.filter(({ id, work }) => work && !ids.includes(id));
  const label = others.length > 0 ? t("customers.resend_some", { n: ids.length, all: ids.length + others.length }) : t("customers.resend_all", { n: ids.length });
  const kinds = WORK.map((work) => [t(`work.${work}`), others.filter((item) => item.work === work).length]).filter(([, n]) => n > 0);
  const why = others.length > 0 && h("p", { class: "why", id: "resend-why" }, t("customers.not_among"), " ", kinds.map(([name, n]) => `${number(n)} ${name}`).join(" · "));
  // While a contact is to be corrected, that is what to do first.
  const kind = items.some(({ work }) => work === "correct") ? "" : "primary";
  const options = { kind, glyph: "resend", id: "resend-all", "aria-describedby": why && "resend-why" };
  const resend = busyButton(view.isQueue ? t("customers.then_next", { action: label }) : label, options, async () => {
    if (!(await resendAndGoOn(view, customer, ids))) resendHere(view, items, ids);
  });
  return h("div", { class: "actions" }, resend, why);
}

/** In a list of work, resend messages while the next customer is shown. Returns whether there is one. */
async function resendAndGoOn(view, customer, ids) {
  const next = view.isQueue && (await nextOfTrail().catch(() => null));
  const hasLeft = view.signal.aborted; // by another way, meanwhile
  if (!next && !hasLeft) return false;
  resendBehind(ids, customer.name || customer.id, customerHref(customer.id));
  if (!hasLeft) location.replace(next);
  return true;
}

/** Resend messages, with the progress on this card. */
function resendHere(view, items, ids) {
  view.place.querySelector("#resend-all")?.parentElement.remove();
  resendAtOnce(ids);
  const panel = jobPanel(new Map(items.map(({ id, title }) => [id, title])), view.signal, async () => {
    await refresh(view).catch(toastError);
    view.place.querySelector("h1").focus();
  });
  replace(view.place.querySelector(".news"), panel);
  panel.focus();
}

// --- export and erase a customer's data

function personalData(customer) {
  return card(t("customers.data"),
    h("p", { class: "muted" }, t("customers.data_help")),
    h("div", { class: "row spaced" },
      busyButton(t("customers.download"), { glyph: "download", kind: "small" }, () => download(customer).catch(toastError)),
      button(t("customers.erase"), { kind: "small danger", on: () => erase(customer) })));
}

/** Join the pages of a customer's data into one file and download it. */
async function download(customer) {
  const whole = { customer: null, suppressions: [], contact_requests: [], accepted_messages: [], items: [], notifications: [] };
  let cursor;
  do {
    const page = await api.get(`${customerPath(customer.id)}/data`, { query: { cursor } });
    whole.customer ??= page.customer;
    for (const name of ["suppressions", "contact_requests", "accepted_messages", "items", "notifications"]) whole[name].push(...page[name]);
    cursor = page.next_cursor;
  } while (cursor);
  save("personal-data.json", JSON.stringify(whole, null, 2), "application/json");
  announce(t("customers.downloaded"));
}

async function erase(customer) {
  const sure = h("input", { type: "checkbox", id: freshId("sure") });
  const complaint = h("div", { class: "complaint", id: `${sure.id}-complaint`, role: "alert" });
  const done = await dialogue({
    title: t("customers.erase_title", { name: customer.name || customer.id }),
    intro: t("customers.erase_intro"),
    content: [
      h("p", {}, t("customers.erase_stays")),
      h("div", { class: "field" }, h("label", { class: "check", for: sure.id }, sure, t("customers.erase_sure")), complaint),
    ],
    action: t("customers.erase_action"),
    kind: "danger",
    submit: async () => {
      if (!sure.checked) throw new Mistake(sure, t("consent.sure_missing"));
      await api.request("DELETE", customerPath(customer.id));
      return true;
    },
  });
  if (!done) return;
  last = "";
  location.hash = "#/customers";
  toast(t("customers.erased"));
}

/** Sends a text to the customer instead of the email of an item. */
function textButton(view, item, phone) {
  const label = t("text.action");
  return busyButton(label, { kind: "small pending", "aria-label": `${label}: ${item.title || t("report.untitled")}` }, async () => {
    try {
      if (!(await sendAsText(item, phone))) return;
      await refresh(view);
      view.place.querySelector("h1").focus();
    } catch (error) {
      toastError(error);
    }
  });
}

function itemLine(item, action) {
  const line = h("div", {},
    h("a", { href: `#/item/${item.id}` }, h("b", {}, written(item.title || t("report.untitled")))), " ", statusChip(item), " ", stateChip(item),
    h("div", { class: "muted" }, reasonName(item.reason, item.channel), " · ", written(item.recipient), " · ", day(item.sent_at)));
  return h("li", { class: action ? "acts" : "" }, line, action);
}
