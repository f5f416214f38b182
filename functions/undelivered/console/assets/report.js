/**
 * The report: undelivered notifications, newest first, with filters, search, selection and export. Filters are in the
 * URL, so that a report can be bookmarked and shared. The search text is not, because it is personal data.
 */

import { dismiss } from "./actions.js";
import * as api from "./api.js";
import * as auth from "./auth.js";
import { askToResend, currentJob, jobPanel } from "./bulk.js";
import { CLASSES, countOf, WORK } from "./dashboard.js";
import { address, h, icon, replace, written } from "./dom.js";
import { calendarDate, capitalised, dateInZone, day, maybe, moment, shortDay, t } from "./i18n.js";
import { chosenOf, customerHref, refine } from "./place.js";
import { keepTrail } from "./trail.js";
import {
  announce, attempt, busyButton, button, channelIcon, channelName, complain, empty, errorPanel, field, keepFocus, loading, pageTitle,
  reasonName, select, stateChip, statusChip, textInput, toast, toastError,
} from "./ui.js";
import { viewsBar } from "./views.js";

const PAGE_SIZE = 50;
const PAGE_LIMIT = 200;
const LONG_EXPORT = 2_000; // rows
const KEPT_IN_ADDRESS = ["status", "from", "to", "state", "channel", "fault", "reason", "work", "ready", "customer_id", "incident"];
const LISTS = ["status", "state", "channel", "fault", "reason", "work"];
const PRESETS = { today: 0, 7: -6, 90: -89, 365: -364 };
const STATES = ["open", "resending", "resolved", "dismissed", "expired"];
const FAULTS = ["recipient", "recipient_choice", "sender", "unknown"];
const REASONS = [
  "address_not_found", "domain_not_found", "address_malformed", "number_invalid", "mailbox_disabled",
  "recipient_refused", "mailbox_full", "unreachable", "server_unavailable", "timed_out", "undetermined",
  "message_too_large", "content_rejected", "sender_blocked", "sender_authentication", "rate_limited",
  "carrier_blocked", "complaint", "suppressed_bounce", "suppressed_manually", "suppressed_complaint", "unsubscribed", "opted_out",
  "rejected", "rendering_failed", "spend_limit", "price_limit", "body_invalid", "attachment_missing",
  "sending_refused", "sender_not_allowed", "sending_paused", "sending_interrupted",
];

/** The state of the list when the user opens an item, to restore it when the user returns. */
let left = null;

export function show(page, { query, signal }) {
  const filter = chosenOf(query, KEPT_IN_ADDRESS);
  const order = chosenOf(query, ["sort"]);
  const key = JSON.stringify({ ...filter, ...order });
  const kept = left?.key === key ? left : null;
  left = null;
  const view = {
    filter,
    order,
    signal,
    search: kept?.search ?? "",
    items: [],
    cursor: null,
    selected: new Set(),
    all: false, // whether all that match are selected, not only those that are shown
    ofFilter: null, // how many match without a search, if that is known
    place: h("div", { class: "results" }),
    bar: h("div", { class: "bulk-place" }),
    work: h("div", { class: "work-place" }),
  };
  const loaded = reload(view, kept?.count); // before the requests of what stands around it
  replace(
    page,
    h("div", { class: "page-head" }, pageTitle(t("report.title")),
      auth.mayExport() && h("div", { class: "row" }, h("a", { href: "#/exports" }, t("exports.title")),
        busyButton(t("report.export"), { glyph: "download", on: null }, () => exportReport(view)))),
    viewsBar(filter, KEPT_IN_ADDRESS, signal),
    filters(view),
    view.work,
    view.place,
    view.bar,
  );
  if (auth.mayAct()) showJob(view);
  if (kept) page.dataset.scrolled = "yes";
  loaded.then(() => kept && window.scrollTo(0, kept.scroll));
  signal.addEventListener("abort", () => {
    left = { key, search: view.search, count: view.items.length, scroll: window.scrollY };
  });
}

// --- filters

function filters(view) {
  const { filter } = view;
  const chosen = chosenIn(filter);
  // The counts are for the report as it is now, so they are not shown with other days.
  const counted = !filter.from && !filter.to && !filter.state;
  const numbers = new Map();
  const pill = (name, label) => {
    if (counted) numbers.set(name, h("b"));
    return h("button", {
      type: "button",
      class: "pill",
      title: maybe(`status.help.${name}`),
      "aria-pressed": String(name ? chosen.has(name) : chosen.size === 0),
      on: { click: () => go((present) => ({ status: name ? toggled(chosenIn(present), name) : null })) },
    }, label, numbers.get(name));
  };
  const pills = h("div", { class: "pills", role: "group", "aria-label": t("report.status") },
    pill("", t("report.all")), CLASSES.map((name) => pill(name, t(`status.${name}`))));
  // Update the existing filter buttons: a new button under the pointer would lose a click in progress.
  const showCount = (count) => {
    for (const [name, number] of numbers) number.textContent = String(name ? countOf(count, name) : count.total);
    if (Object.keys(filter).every((name) => name === "status")) view.ofFilter = chosen.size ? [...chosen].reduce((sum, name) => sum + countOf(count, name), 0) : count.total;
  };
  if (counted) api.get("undelivered/count", { signal: view.signal }).then(showCount).catch(() => null);
  const isNarrow = matchMedia("(width <= 48rem)").matches; // on a phone, the list is near the top
  const usual = [rangeField(filter), channelField(filter), sortField(view), readyField(filter)];
  const more = ["work", "state", "fault", "reason", "customer_id", "incident", ...(isNarrow ? ["from", "to", "channel", "ready"] : [])].some((name) => filter[name]);
  return h("div", { class: "filters" },
    pills,
    h("div", { class: "filter-row" }, searchField(view), !isNarrow && usual),
    h("details", { open: more },
      h("summary", {}, t("report.more_filters")),
      h("div", { class: "filter-row" },
        isNarrow && usual,
        choice("work", t("work.title"), filter, [["", t("report.any")], ...WORK.map((name) => [name, capitalised(t(`work.${name}`))])]),
        choice("state", t("report.state"), filter, [["", t("report.state.default")], ...STATES.map((name) => [name, t(`state.${name}`)])]),
        choice("fault", t("report.fault"), filter, [["", t("report.any")], ...FAULTS.map((name) => [name, t(`fault.${name}`)])]),
        choice("reason", t("report.reason"), filter, [["", t("report.any")], ...REASONS.map((name) => [name, reasonName(name)])]))),
    Object.keys(filter).length > 0 && h("div", { class: "row" },
      filter.customer_id && h("span", { class: "chip" }, t("report.customer_filter")),
      filter.incident && h("span", { class: "chip" }, t("report.incident_filter")),
      h("a", { href: "#/report" }, t("report.clear_filters"))));
}

function chosenIn({ status = "" }) {
  return new Set(status.split(",").filter(Boolean).flatMap((name) => (name === "bounced" ? ["bounced.hard", "bounced.soft"] : [name])));
}

function toggled(chosen, name) {
  const next = new Set(chosen);
  if (!next.delete(name)) next.add(name);
  return next.size === CLASSES.length ? null : CLASSES.filter((one) => next.has(one)).join(",");
}

function go(changes) {
  refine("report", [...KEPT_IN_ADDRESS, "sort"], changes);
}

function choice(name, label, filter, options) {
  const control = select(options, filter[name] ?? "", { on: { change: () => go(() => ({ [name]: control.value })) } });
  return field(label, control);
}

function channelField(filter) {
  return choice("channel", t("report.channel"), filter, [["", t("report.any")], ["email", channelName("email")], ["sms", channelName("sms")]]);
}

function sortField({ order }) {
  return choice("sort", t("report.sort"), order, [["", t("report.sort.newest")], ["oldest", t("report.sort.oldest")]]);
}

function readyField(filter) {
  const box = h("input", {
    type: "checkbox",
    checked: filter.ready === "true",
    on: { change: () => go(() => ({ ready: box.checked ? "true" : null })) },
  });
  return h("label", { class: "check" }, box, t("report.ready_only"));
}

function searchField(view) {
  const box = h("input", { type: "search", value: view.search, maxlength: "200", placeholder: t("report.search_help"), autocomplete: "off", spellcheck: "false" });
  const search = (event) => {
    event?.preventDefault();
    if (view.search === box.value.trim()) return;
    view.search = box.value.trim();
    reload(view);
  };
  box.addEventListener("search", search); // sent when the user clears the field
  const fieldset = field(t("report.search"), box);
  const form = h("form", { class: "flat", role: "search", on: { submit: search } }, fieldset);
  fieldset.classList.add("search");
  const line = h("div", { class: "search-box" });
  box.replaceWith(line);
  line.append(box, h("button", { type: "submit", class: "button", "aria-label": t("report.search_go") }, icon("search")));
  return form;
}

function rangeField(filter) {
  const options = [["", t("report.range.30")], ...["today", "7", "90", "365"].map((name) => [name, t(`report.range.${name}`)]), ["custom", t("report.range.custom")]];
  const present = presetOf(filter);
  const control = select(options, present);
  const from = h("input", { type: "date", value: (filter.from ?? dateInZone(-29)).slice(0, 10), max: dateInZone() });
  const to = h("input", { type: "date", value: (filter.to ?? dateInZone()).slice(0, 10), max: dateInZone() });
  const apply = () => {
    if (from.value && to.value && from.value > to.value) {
      complain(to, t("error.date_order"));
      return;
    }
    complain(to);
    go(() => ({ from: from.value || null, to: to.value || null }));
  };
  const custom = h("form", { class: "filter-row", hidden: present !== "custom", on: { submit: (event) => (event.preventDefault(), apply()) } },
    field(t("report.from"), from), field(t("report.to"), to), h("button", { type: "submit", class: "button" }, t("report.apply")));
  control.addEventListener("change", () => {
    custom.hidden = control.value !== "custom";
    if (control.value === "custom") from.focus();
    else if (control.value === "") go(() => ({ from: null, to: null }));
    else go(() => ({ from: dateInZone(PRESETS[control.value]), to: dateInZone() }));
  });
  return [field(t("report.range"), control), custom];
}

function presetOf({ from, to }) {
  if (!from && !to) return "";
  const found = Object.entries(PRESETS).find(([, shift]) => from === dateInZone(shift) && to === dateInZone());
  return found ? found[0] : "custom";
}

// --- the list

function reload(view, atLeast = 0) {
  const wanted = Math.max(PAGE_SIZE, atLeast);
  const run = (view.run = {}); // a later search ends this one
  view.selected.clear();
  paintBar(view);
  replace(view.place, loading());
  return attempt(view.place, async () => {
    view.items = [];
    const page = await nextPage(view, { wanted });
    if (view.run !== run) return;
    keep(view, page);
    paint(view, page);
    if (view.items.length > 0 || view.cursor) await goOn(view, wanted);
  });
}

/** Ask for pages until so many items are shown. A page of a search can be short, even empty, with a cursor to go on from. */
async function goOn(view, wanted) {
  const run = (view.run = {});
  const already = view.items.length;
  const wasAsked = view.foot.contains(document.activeElement);
  try {
    while (view.cursor && view.items.length < wanted) {
      paintFoot(view, { running: true });
      const page = await nextPage(view, { wanted, cursor: view.cursor });
      if (view.run !== run) return;
      keep(view, page);
      view.body.append(...page.items.map((item) => row(view, item)));
    }
  } catch (error) {
    if (view.run === run && error.name !== "AbortError") replace(view.foot, errorPanel(error, () => goOn(view, wanted)));
    return;
  }
  finish(view);
  if (wasAsked) view.body.rows[already]?.querySelector("a").focus();
}

async function nextPage(view, { wanted, cursor }) {
  const limit = Math.min(PAGE_LIMIT, wanted - view.items.length);
  const page = await api.get("undelivered", { query: { ...view.filter, ...view.order, q: view.search, limit, cursor }, signal: view.signal });
  return { ...page, isShort: Boolean(page.next_cursor) && page.items.length < limit };
}

function keep(view, page) {
  view.items.push(...page.items);
  view.cursor = page.next_cursor;
  // How far back the report was searched, if that takes more than a page.
  view.lookedBackTo = page.isShort && !view.order.sort ? page.looked_back_to : null;
  keepAsTrail(view);
}

/** Let the pages of the items lead through this list. */
function keepAsTrail(view) {
  const hrefs = view.items.map(hrefOf);
  let { cursor } = view;
  const more = async () => {
    if (!cursor) return;
    const page = await api.get("undelivered", { query: { ...view.filter, q: view.search, limit: PAGE_SIZE, cursor } });
    cursor = page.next_cursor;
    hrefs.push(...page.items.map(hrefOf));
  };
  keepTrail({ back: location.hash, hrefs, more });
}

function hrefOf({ id }) {
  return `#/item/${id}`;
}

/** Show how the search ended. A request that is still under way then changes nothing. */
function finish(view) {
  view.run = null;
  if (view.items.length === 0 && !view.cursor) {
    paint(view);
    return;
  }
  paintFoot(view);
  announce(shownSoFar(view));
}

function paint(view, page) {
  if (view.items.length === 0 && !view.cursor) {
    const narrowed = view.search || Object.keys(view.filter).length > 0;
    announce(shownSoFar(view));
    replace(view.place, narrowed
      ? h("div", { class: "card" }, empty(t("report.empty_filtered"), t("report.empty_filtered_help"), h("a", { class: "button", href: "#/report", on: { click: () => view.search && clearSearch(view) } }, t("report.clear_filters"))))
      : nothingAtAll(view));
    return;
  }
  const body = h("tbody", { role: "rowgroup" }, view.items.map((item) => row(view, item)));
  view.foot = h("div", { class: "list-foot" });
  view.body = body;
  view.table = h("table", { class: "list", role: "table" },
    h("caption", { class: "unseen" }, t(view.order.sort ? "report.table_oldest" : "report.table")),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
      auth.mayAct() && h("th", { class: "pick", role: "columnheader", scope: "col" }, selectAll(view)),
      ["title", "customer", "recipient", "channel", "status", "reason", "sent", "leaves"].map((name) => h("th", { role: "columnheader", scope: "col" }, t(`report.col.${name}`))))),
    body);
  replace(view.place,
    numbersOf(view, page),
    view.filter.ready && auth.mayAct() && h("div", { class: "row ready-row" }, resendReady(view)),
    h("div", { class: "card list-card" }, view.table, view.foot));
}

/** The days of the report, and how many items the filters match. */
function numbersOf(view, page) {
  const { from, to } = view.filter;
  const days = (from || to) && h("span", {}, t("report.found", { from: rangeDate(from, page.from), to: rangeDate(to, page.to) }));
  const total = view.cursor && !view.search && totalOf(view);
  return days || total ? h("p", { class: "muted range" }, days, days && total && " · ", total) : null;
}

/** How many items the filters match, if there are more than are shown. A search counts what it finds. */
function totalOf(view) {
  const place = h("span", {});
  api.get("undelivered/total", { query: view.filter, signal: view.signal }).then(({ total, is_exact: isExact }) => {
    place.textContent = t(isExact ? "report.total" : "report.total_at_least", { n: total });
  }).catch(() => null); // the list is complete without it
  return place;
}

/** The empty report: everything arrived, or nothing was ever reported. */
function nothingAtAll(view) {
  const place = h("div", { class: "card" }, loading());
  attempt(place, async () => {
    const heard = await api.hasHeard(view.signal);
    replace(place, heard
      ? empty(t("report.empty_all"), t("report.empty_all_help"))
      : empty(t("overview.unheard"), t("overview.unheard_help"), h("a", { class: "button", href: "#/setup" }, t("overview.get_started"))));
  });
  return place;
}

function rangeDate(date, momentText) {
  return date ? (date.length === 10 ? calendarDate(date) : moment(date)) : day(momentText);
}

function clearSearch(view) {
  view.search = "";
  document.querySelector("input[type=search]").value = "";
  reload(view);
}

/** Show how many items there are so far, and how to see more or, while the search is `running`, how to stop it. */
function paintFoot(view, { running = false } = {}) {
  const hadFocus = view.foot.contains(document.activeElement);
  view.table.hidden = view.items.length === 0;
  view.foot.classList.toggle("running", running);
  const stop = () => (finish(view), view.foot.querySelector("button").focus());
  const more = () => goOn(view, view.items.length + PAGE_SIZE);
  replace(view.foot,
    running && h("span", { class: "spinner" }),
    h("span", {}, shownSoFar(view)),
    running
      ? view.lookedBackTo && button(t("report.stop"), { kind: "small", on: stop })
      : view.cursor && button(t(view.lookedBackTo ? "report.search_on" : "report.more"), { on: more }));
  if (hadFocus) view.foot.querySelector("button")?.focus();
}

function shownSoFar(view) {
  const none = view.items.length === 0 && view.cursor && t("report.none_yet");
  const shown = none || t(view.cursor ? "report.shown" : "report.shown_all", { n: view.items.length });
  return view.cursor && view.lookedBackTo ? `${shown} · ${t("report.looked_back", { date: day(view.lookedBackTo) })}` : shown;
}

function onReport({ state }) {
  return state === "open" || state === "resending";
}

function row(view, item) {
  const title = item.title || t("report.untitled");
  const cell = (name, content, attributes = {}) => h("td", { role: "cell", "data-label": t(`report.col.${name}`), ...attributes }, content);
  const pickable = auth.mayAct();
  return h("tr", { role: "row", "data-id": item.id, class: pickable ? "pickable" : "" },
    pickable && h("td", { role: "cell", class: "pick" }, picker(view, item, title)),
    h("td", { role: "cell", class: "title-cell" }, h("a", { href: hrefOf(item) }, written(title)), " ", stateChip(item)),
    cell("customer", item.customer?.id ? h("a", { href: customerHref(item.customer.id), class: "quiet" }, written(item.customer.name || item.customer.id)) : "–", { class: item.customer?.id ? "customer-cell" : "empty-cell" }),
    cell("recipient", address(item.recipient), { class: "who-cell" }),
    cell("channel", channelIcon(item.channel, t(`channel.short.${item.channel}`))),
    cell("status", statusChip(item), { class: "status-cell" }),
    cell("reason", reasonName(item.reason, item.channel), { class: "reason-cell" }),
    cell("sent", h("time", { datetime: item.sent_at, title: moment(item.sent_at) }, shortDay(item.sent_at)), { class: "date" }),
    onReport(item)
      ? cell("leaves", h("time", { datetime: item.leaves_at, title: moment(item.leaves_at) }, shortDay(item.leaves_at)), { class: "date" })
      : cell("leaves", "–", { class: "empty-cell" }));
}

// --- selection

function picker(view, item, title) {
  const box = h("input", {
    type: "checkbox",
    checked: view.selected.has(item.id),
    "aria-label": t("report.select_row", { title, recipient: item.recipient }),
    on: {
      change: () => {
        if (box.checked) view.selected.add(item.id);
        else view.selected.delete(item.id);
        view.all = false;
        box.closest("tr").classList.toggle("selected", box.checked);
        paintBar(view);
      },
    },
  });
  return h("label", {}, box);
}

function selectAll(view) {
  const box = h("input", {
    type: "checkbox",
    "aria-label": t("report.select_all"),
    on: {
      change: () => {
        for (const one of view.body.querySelectorAll(".pick input")) {
          if (one.checked !== box.checked) one.click();
        }
      },
    },
  });
  return h("label", {}, box, h("span", { class: "narrow", "aria-hidden": "true" }, t("report.select_all")));
}

function paintBar(view) {
  const n = view.selected.size;
  if (n === 0) {
    replace(view.bar);
    return;
  }
  const ids = () => [...view.selected];
  const total = !view.search && view.ofFilter > n ? view.ofFilter : null;
  const words = view.all ? (total ? t("bulk.all_n", { n: total }) : t("bulk.all")) : t("bulk.selected", { n });
  const areMore = !view.all && view.cursor && n === view.items.length;
  replace(view.bar, h("div", { class: "bulk", role: "group", "aria-label": words },
    h("b", { "aria-live": "polite" }, words),
    areMore && button(total ? t("bulk.select_all_n", { n: total }) : t("bulk.select_all"), { kind: "select-all", on: () => selectAllThatMatch(view) }),
    button(t("bulk.clear"), { on: () => clearSelection(view) }),
    !view.all && button(t("bulk.dismiss"), { on: () => dismissSelected(view, ids()) }),
    busyButton(t("bulk.resend"), { kind: "primary", glyph: "resend" }, () => resend(view, view.all ? { filter: bodyFilter(view) } : { ids: ids() }))));
}

function selectAllThatMatch(view) {
  view.all = true;
  paintBar(view);
  view.bar.querySelector("button").focus();
}

function clearSelection(view) {
  for (const box of view.place.querySelectorAll(".pick input:checked")) box.checked = false;
  for (const line of view.place.querySelectorAll("tr.selected")) line.classList.remove("selected");
  view.selected.clear();
  view.all = false;
  paintBar(view);
  view.place.querySelector(".pick input")?.focus();
}

async function dismissSelected(view, ids) {
  const chosen = view.items.filter((item) => ids.includes(item.id));
  const items = chosen.filter(({ state }) => state === "open");
  if (items.length === 0) {
    toast(t("dismiss.none"));
    return;
  }
  const note = chosen.length > items.length && t("dismiss.left_out", { n: chosen.length - items.length });
  const again = () => reload(view, view.items.length);
  if (!(await dismiss(items, again, note))) return;
  await again();
  keepFocus();
}

function resendReady(view) {
  return busyButton(t("bulk.resend_ready"), { kind: "primary", glyph: "resend" }, () => resend(view, { filter: bodyFilter(view) }));
}

/** The filters of the page, as a body has them. */
function bodyFilter(view) {
  const filter = { ...view.filter, ...(view.search && { q: view.search }) };
  for (const name of LISTS) if (filter[name]) filter[name] = filter[name].split(",");
  if (filter.ready) filter.ready = true;
  return filter;
}

async function resend(view, what) {
  if (!(await askToResend(what))) return;
  clearSelection(view);
  showJob(view);
  view.work.firstElementChild.focus();
}

/** Show the progress of the resend that was started last, even if that was before another page was opened. */
function showJob(view) {
  if (!currentJob()) return;
  const titles = new Map(view.items.map((item) => [item.id, item.title]));
  replace(view.work, jobPanel(titles, view.signal, () => {
    replace(view.work);
    keepFocus();
    reload(view, view.items.length);
  }));
}

// --- export

async function exportReport(view) {
  try {
    // A short export is ready before its reader has left. Users of another application are signed in without an address.
    const isLong = !view.search && view.ofFilter !== null ? view.ofFilter > LONG_EXPORT : Boolean(view.cursor);
    const mail = isLong && auth.hasVerifiedEmail();
    const { export_id: id } = await api.post("exports", { format: "csv", filter: bodyFilter(view), ...(mail && { mail_when_ready: true }) }, { signal: view.signal });
    const progress = h("p", {}, t("export.running"));
    replace(view.work, h("section", { class: "notice work", tabindex: "-1", "aria-label": t("export.title") }, h("span", { class: "spinner" }), h("div", {}, progress, h("p", { class: "muted" }, t("export.leave"), mail && ` ${t("export.mail")}`))));
    const path = `exports/${encodeURIComponent(id)}`;
    const seen = ({ rows }) => rows && (progress.textContent = t("export.rows", { rows }));
    const result = await api.poll(() => api.get(path, { signal: view.signal }), ({ state }) => state !== "running", { seen, signal: view.signal });
    if (result.state !== "done") throw new Error("export failed");
    const link = h("a", { class: "button primary", href: result.url, download: "", rel: "noreferrer" }, icon("download"), t("export.download"));
    replace(view.work, h("section", { class: "notice good work", "aria-label": t("export.title") }, h("div", {}, h("p", {}, t("export.done", { n: result.rows ?? 0 })), link)));
    link.focus();
    announce(t("export.done", { n: result.rows ?? 0 }));
  } catch (error) {
    if (error.name === "AbortError") return;
    if (error instanceof api.ApiError) toastError(error);
    else toast(t("export.failed"), { kind: "bad" });
    replace(view.work);
  }
}

