/**
 * Fix in a spreadsheet: download what needs a new contact, fill in the last column, upload it. Every row is checked, then
 * contacts are corrected and what is ready is resent. The work goes on while the user looks at other pages.
 */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { decode, literal, plain, plainName, readTable, save, writeTable } from "./csv.js";
import { h, icon, replace, written } from "./dom.js";
import { dateInZone, number, t } from "./i18n.js";
import { batchesOf, send } from "./rows.js";
import { announce, attempt, busyButton, button, card, complain, complaintOf, errorPanel, field, figure, pageTitle, said, sentence, toastError } from "./ui.js";

const COLUMNS = ["customer_id", "name", "failed", "reason", "notifications", "contact"];
const NEEDED = ["customer_id", "failed", "contact"];
/** The failures that need another contact are among these. */
const CLASSES = "bounced.hard,invalid,dropped";
const NEEDS_CONTACT = "resend_needs_changed_address";
const PAGE_SIZE = 200;
const SHOWN_ROWS = 100;
const RESENT_AT_ONCE = 1_000;
const POWER_OF_TEN = /^\d+([.,]\d+)?[eE]\+?\d+$/;
const KEPT_AS = "undelivered.sheet";

/** The upload in progress, or the last one. It outlives the page, so that the user can leave and come back. */
let job = null;

export function show(page, { signal }) {
  if (!auth.mayAct()) {
    replace(page, pageTitle(t("nav.customers")), errorPanel(new api.ApiError(403, { code: "forbidden" })));
    return;
  }
  const view = { signal, result: h("div", { class: "stack" }), news: h("p", { class: "muted", role: "status" }) };
  const file = h("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv" });
  file.addEventListener("change", () => open(view, file));
  replace(page,
    h("a", { class: "back", href: "#/customers" }, icon("back"), t("customers.back")),
    pageTitle(t("sheet.title")),
    h("p", { class: "muted" }, t("sheet.intro")),
    h("div", { class: "two cards spaced" },
      card(t("sheet.first"),
        h("p", {}, t("sheet.first_help")),
        h("div", { class: "row spaced" }, busyButton(t("sheet.download"), { glyph: "download", kind: "primary" }, () => download(view))),
        view.news),
      card(t("sheet.second"),
        field(t("sheet.file"), file, { help: t("sheet.file_help") }))),
    h("div", { class: "spaced" }, view.result));
  page.querySelector("h1").focus({ preventScroll: true });
  job ??= remembered();
  if (job) follow(view);
}

// --- the file to fill in

async function download(view) {
  try {
    const rows = new Map();
    let [cursor, read, unknown] = [undefined, 0, 0];
    do {
      const query = { status: CLASSES, state: "open", limit: PAGE_SIZE, cursor };
      const page = await api.get("undelivered", { query, signal: view.signal });
      for (const item of page.items) {
        if (item.resend.code !== NEEDS_CONTACT) continue;
        if (item.customer?.id) gather(rows, item);
        else unknown += 1;
      }
      read += page.items.length;
      view.news.textContent = t("sheet.reading", { n: read });
      cursor = page.next_cursor;
    } while (cursor);
    if (rows.size > 0) save(`${t("sheet.file_name")}-${dateInZone()}.csv`, fileOf(rows));
    const left = unknown > 0 ? ` ${t("sheet.unknown", { n: unknown })}` : "";
    view.news.textContent = `${rows.size > 0 ? t("sheet.saved", { n: rows.size }) : t("sheet.nothing")}${left}`;
  } catch (error) {
    view.news.textContent = "";
    toastError(error);
  }
}

/** Keep the last failure of each customer on each channel, and count the notifications. */
function gather(rows, item) {
  const key = JSON.stringify([item.customer.id, item.channel]);
  const known = rows.get(key);
  const last = known && known.item.failed_at > item.failed_at ? known.item : item;
  rows.set(key, { item: last, notifications: (known?.notifications ?? 0) + 1 });
}

function fileOf(rows) {
  const lines = [...rows.values()].map(({ item, notifications }) =>
    [item.customer.id, item.customer.name ?? "", item.recipient, said(item.explanation), String(notifications), ""].map(literal));
  // A spreadsheet expects the semicolon where a comma stands before decimals.
  return writeTable([COLUMNS.map((name) => t(`sheet.column.${name}`)), ...lines], number(1.5).includes(",") ? ";" : ",");
}

// --- the file that is filled in

async function open(view, file) {
  complain(file);
  const [chosen] = file.files;
  if (!chosen) return;
  const bytes = new Uint8Array(await chosen.arrayBuffer());
  file.value = ""; // so that the same file can be chosen again after it was changed
  const workbook = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const table = workbook ? null : readTable(decode(bytes));
  const columns = table && (await columnsOf(table.header ?? []));
  if (!columns) {
    complain(file, t(workbook ? "sheet.workbook" : "sheet.columns_missing"));
    return;
  }
  if (job && !isOver(job)) {
    complain(file, t("sheet.busy"));
    return;
  }
  job = { phase: "checking", name: chosen.name, table, rows: rowsOf(table, columns), done: 0, batches: [], ready: [], watchers: new Set() };
  follow(view);
  if (sent(job).length > 0) await run(job, check);
  else {
    job.phase = "checked";
    changed(job);
  }
}

/** Return the place of each column, or null if a column is missing. */
async function columnsOf(header) {
  const names = await (await fetch(new URL("column_names.json", import.meta.url))).json();
  const found = header.map(plainName);
  const columns = Object.fromEntries(NEEDED.map((name) => [name, found.findIndex((each) => each === plainName(t(`sheet.column.${name}`)) || names[name].includes(each))]));
  return Object.values(columns).every((place) => place >= 0) ? columns : null;
}

function rowsOf({ rows }, columns) {
  const lines = new Map();
  return rows.map((source) => {
    const value = (name) => plain(source.values[columns[name]]);
    const row = { source, customer_id: value("customer_id"), failed: value("failed"), contact: value("contact").replace(/^mailto:/i, "") };
    row.channel = (row.failed || row.contact).includes("@") ? "email" : "sms";
    if (row.contact === "") return { ...row, outcome: "empty" };
    if (POWER_OF_TEN.test(row.contact)) return refusedRow(row, t("sheet.power"));
    const key = JSON.stringify([row.customer_id, row.channel]);
    if (lines.has(key)) return refusedRow(row, t("sheet.repeated", { line: lines.get(key) }));
    lines.set(key, source.line);
    return row;
  });
}

function refusedRow(row, reason) {
  return { ...row, outcome: "refused", reason, final: true };
}

/** The rows that the API checks and corrects. */
function sent({ rows }) {
  return rows.filter((row) => row.outcome !== "empty" && !row.final);
}

// --- the work

async function run(current, work) {
  current.error = null;
  const stay = (event) => event.preventDefault();
  window.addEventListener("beforeunload", stay);
  try {
    await work(current);
  } catch (error) {
    if (!(error instanceof api.ApiError)) console.error(error);
    current.error = error;
    current.again = () => run(current, work);
  } finally {
    window.removeEventListener("beforeunload", stay);
    changed(current);
  }
}

async function check(current) {
  await sendAll(current, true);
  current.phase = "checked";
}

async function correct(current) {
  current.phase = "correcting";
  current.ready = [];
  current.done = 0;
  changed(current);
  await sendAll(current, false);
  current.phase = "resending";
  await resend(current);
}

async function resend(current) {
  changed(current);
  while (current.ready.length > 0) {
    const ids = current.ready.slice(0, RESENT_AT_ONCE);
    const batch = await send("POST", "undelivered/resend", { ids });
    current.ready = current.ready.slice(ids.length);
    current.batches.push({ id: batch.batch_id, total: ids.length });
    changed(current);
  }
  current.phase = "done";
}

async function sendAll(current, dryRun) {
  current.done = 0;
  for (const batch of batchesOf(sent(current), correctionOf)) {
    const { results } = await send("PATCH", "customers", { dry_run: dryRun, corrections: batch.map(correctionOf) });
    results.forEach((result, place) => take(current, batch[place], result));
    current.done += batch.length;
    changed(current);
  }
}

function correctionOf({ customer_id, channel, failed, contact }) {
  return { customer_id, channel, failed, contact };
}

function take(current, row, { outcome, contact, suggestion, ready_to_resend: ready, errors }) {
  row.outcome = outcome;
  row.suggestion = suggestion;
  row.reason = errors.map((error) => reasonOf(error, contact)).join(" ");
  if (contact && outcome !== "refused") row.becomes = contact;
  current.ready.push(...ready);
}

function reasonOf({ field: name, message, suggestion }, contact) {
  if (name === "failed") return contact ? t("sheet.changed", { contact }) : complaintOf(message);
  if (name === "customer_id") return t("sheet.unknown_customer");
  return `${complaintOf(message)}${suggestion ? ` ${t("detail.did_you_mean", { suggestion })}` : ""}`;
}

function isOver({ phase, error }) {
  return phase === "done" || phase === "checked" || phase === "remembered" || Boolean(error);
}

/** Show the new state to the page that is open, and keep what is needed to show it after the page is loaded again. */
function changed(current) {
  if (current === job) remember(current);
  for (const watcher of current.watchers) watcher();
}

/** Keep numbers and the IDs of batches: nothing personal. */
function remember({ phase, batches, rows, done }) {
  if (phase === "checking" || phase === "checked" || phase === "remembered") return;
  const corrected = phase === "correcting" ? done : sent({ rows }).length;
  const kept = { over: phase === "done", corrected, total: sent({ rows }).length, batches };
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify(kept));
  } catch {
    // Without storage, the state is lost when the page is closed.
  }
}

function remembered() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT_AS));
    return kept && { ...kept, phase: "remembered", rows: [], watchers: new Set() };
  } catch {
    return null;
  }
}

// --- what is shown

/** Show the job, now and whenever it changes, until the page is left. */
function follow(view) {
  const current = job;
  view.shown = null;
  view.stop?.();
  const watcher = () => paint(view, current);
  current.watchers.add(watcher);
  view.stop = () => current.watchers.delete(watcher);
  view.signal.addEventListener("abort", view.stop, { once: true });
  watcher();
}

function paint(view, current) {
  const isNew = view.shown !== current.phase || Boolean(current.error);
  view.shown = current.phase;
  if (current.error) {
    replace(view.result, errorPanel(current.error, current.again));
    return;
  }
  if (current.phase === "checking" || current.phase === "correcting") {
    if (isNew) view.progress = progressCard(view, current);
    view.progress(current.done);
  } else if (current.phase === "checked") paintCheck(view, current);
  else paintOutcome(view, current);
}

function progressCard(view, { phase, rows }) {
  const total = sent({ rows }).length;
  const bar = h("progress", { max: String(total), value: "0", "aria-label": t(`sheet.${phase}`) });
  const words = h("p", { class: "muted" });
  replace(view.result, h("div", { class: "card" }, words, bar, phase === "correcting" && h("p", { class: "muted" }, t("sheet.may_leave"))));
  return (done) => {
    bar.value = done;
    words.textContent = t(`sheet.${phase}_rows`, { done, n: total });
  };
}

function countsOf({ rows }) {
  const counts = { corrected: 0, unchanged: 0, refused: 0, empty: 0 };
  for (const { outcome } of rows) counts[outcome] += 1;
  return counts;
}

function figures(counts, corrected) {
  const others = ["unchanged", "refused", "empty"].filter((name) => counts[name] > 0);
  return h("div", { class: "figures" }, figure(counts.corrected, t(corrected)), others.map((name) => figure(counts[name], t(`sheet.${name}`))));
}

function paintCheck(view, current) {
  const counts = countsOf(current);
  const n = counts.corrected + counts.unchanged;
  const result = card(t("sheet.after_check"),
    figures(counts, "sheet.to_correct"),
    n + counts.refused > 0 ? rowsTable(current) : h("p", { class: "spaced" }, t("sheet.all_empty")),
    h("div", { class: "row spaced" },
      n > 0 && busyButton(t("sheet.start", { n }), { kind: "primary" }, () => run(current, correct)),
      counts.refused > 0 && refusedButton(current)));
  replace(view.result, result);
  focusOn(result);
  announce(t("sheet.summary", { corrected: counts.corrected, refused: counts.refused }));
}

/** The rows with what becomes of them: first those that need attention. A long list is shown part by part. */
function rowsTable(current) {
  const rank = ({ outcome, suggestion }) => (outcome === "refused" ? 0 : suggestion ? 1 : outcome === "corrected" ? 2 : 3);
  const rows = current.rows.filter(({ outcome }) => outcome !== "empty").sort((one, other) => rank(one) - rank(other));
  const body = h("tbody", {});
  const more = h("div", { class: "row spaced" });
  let shown = 0;
  const showMore = () => {
    const next = rows.slice(shown, shown + SHOWN_ROWS);
    body.append(...next.map(line));
    shown += next.length;
    const left = rows.length - shown;
    replace(more, left > 0 && button(t("sheet.more", { n: left }), { kind: "small", on: showMore }));
  };
  showMore();
  return [
    h("div", { class: "scroller spaced", role: "region", tabindex: "0", "aria-label": t("sheet.rows") },
      h("table", {}, h("caption", { class: "unseen" }, t("sheet.rows")),
        h("thead", {}, h("tr", {}, ["line", "customer_id", "failed", "contact", "outcome"].map((name) => h("th", { scope: "col" }, t(`sheet.column.${name}`))))),
        body)),
    more,
  ];
}

function line(row) {
  const words = {
    corrected: () => (row.suggestion ? [h("b", {}, t("sheet.look")), " ", t("detail.did_you_mean", { suggestion: row.suggestion })] : t("sheet.will")),
    unchanged: () => t("sheet.was_done"),
    refused: () => [h("b", {}, t("sheet.stays")), " ", row.reason],
  };
  return h("tr", {},
    h("td", {}, number(row.source.line)), h("td", {}, written(row.customer_id || "–")), h("td", {}, written(row.failed || "–")),
    h("td", {}, written(row.becomes ?? row.contact)), h("td", {}, words[row.outcome]()));
}

function refusedButton(current) {
  return button(t("sheet.refused_file"), { glyph: "download", on: () => saveRefused(current) });
}

/** Save the refused rows with the reasons, so that they can be corrected and uploaded again. */
function saveRefused({ table, rows, name }) {
  const refused = rows.filter(({ outcome }) => outcome === "refused");
  const lines = refused.map(({ source, reason }) => [...source.values.map((cell) => literal(plain(cell))), literal(reason)]);
  save(`${name.replace(/\.\w+$/, "")}.refused.csv`, writeTable([[...table.header, t("sheet.column.outcome")], ...lines], table.delimiter));
}

/** Show what was corrected, and the resends until each has its result. */
function paintOutcome(view, current) {
  if (!view.outcome?.isConnected || view.outcomeOf !== current) {
    view.outcomeOf = current;
    view.resends = h("div", { class: "spaced" });
    view.top = h("div", {});
    view.outcome = card(t("sheet.outcome"), view.top, view.resends);
    replace(view.result, view.outcome);
    focusOn(view.outcome);
    attempt(view.resends, () => watchResends(view, current));
  }
  if (current.phase === "remembered") {
    replace(view.top, h("p", {}, t("sheet.remembered", { done: current.corrected, n: current.total })), !current.over && h("p", { class: "notice" }, t("sheet.interrupted")));
    return;
  }
  const counts = countsOf(current);
  replace(view.top, figures(counts, "sheet.corrected"), counts.refused > 0 && h("div", { class: "row spaced" }, refusedButton(current)));
}

async function watchResends(view, current) {
  const bar = h("progress", { value: 0, "aria-label": t("bulk.title") });
  const words = h("p", { class: "muted" });
  const numbers = h("div", { class: "figures" });
  const trouble = h("p", { class: "muted" });
  replace(view.resends, h("h3", {}, t("bulk.title")), words, bar, numbers, trouble);
  const states = new Map();
  const ask = async () => {
    const waiting = current.batches.filter(({ id }) => !states.has(id) || states.get(id).resending > 0);
    for (const { id } of waiting) states.set(id, await api.get(`resend-batches/${encodeURIComponent(id)}`, { signal: view.signal }));
    const sum = (name) => [...states.values()].reduce((total, state) => total + state[name], 0);
    return Object.fromEntries(["total", "resending", "resolved", "returned", "refused"].map((name) => [name, sum(name)]));
  };
  const seen = (state) => {
    const total = state.total + (current.ready?.length ?? 0);
    const done = state.total - state.resending;
    bar.max = Math.max(total, 1);
    bar.value = total === 0 ? 1 : done;
    words.textContent = total === 0 && isOver(current) ? t("sheet.none_ready") : t("bulk.progress", { done, total });
    replace(numbers, ["resending", "resolved", "returned", "refused"].map((name) => h("span", {}, h("b", {}, number(state[name])), " ", t(`bulk.${name}`))));
    replace(trouble);
  };
  const state = await api.poll(ask, (each) => isOver(current) && each.resending === 0, { seen, trouble: (error) => replace(trouble, sentence(error)), signal: view.signal });
  announce(t("bulk.progress", { done: state.total, total: state.total }));
}

function focusOn(element) {
  const heading = element.querySelector("h2");
  heading.tabIndex = -1;
  heading.focus();
}
