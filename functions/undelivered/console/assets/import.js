/** Import customers from a CSV file: choose the columns, check every row, then import. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { decode, plainName, readTable, save, writeTable } from "./csv.js";
import { h, icon, replace, written } from "./dom.js";
import { number, t } from "./i18n.js";
import { batchesOf, send } from "./rows.js";
import { announce, button, busyButton, card, complain, complaintOf, empty, errorPanel, field, figure, pageTitle, select, textInput } from "./ui.js";

const FIELDS = ["customer_id", "name", "first_name", "last_name", "email", "phone"];
const LIKE = { email: /^[^@\s]+@[^@\s]+$/, phone: /^(\+|00)[0-9 ()./-]{7,20}$/ };
const MOST = 0.6;
const SAMPLE_ROWS = 100;
const PREVIEW_ROWS = 5;
const SHOWN_ROWS = 100;

export function show(page, { signal }) {
  if (!auth.mayAct()) {
    replace(page, pageTitle(t("nav.customers")), errorPanel(new api.ApiError(403, { code: "forbidden" })));
    return;
  }
  const place = h("div", { class: "stack spaced" });
  const file = h("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv" });
  file.addEventListener("change", () => open(place, file, signal));
  replace(page,
    h("a", { class: "back", href: "#/customers" }, icon("back"), t("customers.back")),
    pageTitle(t("import.title")),
    h("p", { class: "muted" }, t("import.intro")),
    h("div", { class: "card spaced" }, field(t("import.file"), file, { help: t("import.file_help") })),
    place);
  page.querySelector("h1").focus({ preventScroll: true });
}

async function open(place, file, signal) {
  complain(file);
  replace(place);
  const [chosen] = file.files;
  if (!chosen) return;
  const table = readTable(decode(new Uint8Array(await chosen.arrayBuffer())));
  if (table.rows.length === 0) {
    complain(file, t("import.empty"));
    return;
  }
  let names = {};
  try {
    names = await (await fetch(new URL("column_names.json", import.meta.url))).json();
  } catch {
    // Without the names, the user chooses the columns.
  }
  if (signal.aborted) return;
  const view = { table, name: chosen.name, signal, columns: guess(table, names), result: h("div", { class: "stack" }) };
  paint(place, view);
  announce(t("import.rows", { n: table.rows.length }));
}

// --- columns

/** Return the place of the column of each field that the table seems to have. */
function guess({ header, rows, width }, names) {
  const plain = (header ?? []).map(plainName);
  const found = {};
  for (const name of FIELDS) {
    const place = (names[name] ?? []).map((known) => plain.indexOf(known)).find((each) => each >= 0);
    if (place !== undefined && !Object.values(found).includes(place)) found[name] = place;
  }
  if ("first_name" in found && !("last_name" in found) && !("name" in found)) {
    found.name = found.first_name;
    delete found.first_name;
  }
  for (const [name, form] of Object.entries(LIKE)) {
    if (name in found) continue;
    for (let place = 0; place < width && !(name in found); place += 1) {
      const values = rows.slice(0, SAMPLE_ROWS).map((row) => row.values[place]).filter(Boolean);
      const alike = values.filter((value) => form.test(value)).length;
      if (values.length && alike >= MOST * values.length && !Object.values(found).includes(place)) found[name] = place;
    }
  }
  return found;
}

function paint(place, view) {
  const { table } = view;
  const preview = scroller(t("import.preview"));
  const options = [["", t("import.no_column")], ...Array.from({ length: table.width }, (_, each) => [String(each), table.header?.[each] || t("import.column", { n: each + 1 })])];
  const choices = FIELDS.map((name) => {
    const control = select(options, String(view.columns[name] ?? ""), {
      on: {
        change: () => {
          if (control.value === "") delete view.columns[name];
          else view.columns[name] = Number(control.value);
          replace(view.result);
          paintPreview(preview, view);
        },
      },
    });
    return field(t(`import.field.${name}`), control);
  });
  const country = textInput("", { maxlength: "2", size: "4", autocomplete: "off", spellcheck: "false" });
  const run = (dryRun) => start(view, { dryRun, country: country.value.trim().toUpperCase() || undefined, control: country });
  replace(place,
    card(t("import.columns"),
      h("p", { class: "muted" }, t("import.rows", { n: table.rows.length })),
      h("div", { class: "filter-row spaced" }, choices),
      field(t("import.country"), country, { help: t("import.country_help") }),
      h("h3", {}, t("import.preview")), preview,
      h("div", { class: "row spaced" }, busyButton(t("import.check"), { kind: "primary" }, () => run(true)))),
    view.result);
  view.importAll = () => run(false);
  paintPreview(preview, view);
}

/** A place that scrolls, also with the keyboard. */
function scroller(label, ...content) {
  return h("div", { class: "scroller", role: "region", tabindex: "0", "aria-label": label }, content);
}

function paintPreview(preview, view) {
  const shown = ["customer_id", "name", "email", "phone"];
  replace(preview, h("table", {},
    h("thead", {}, h("tr", {}, shown.map((name) => h("th", { scope: "col" }, t(`import.field.${name}`))))),
    h("tbody", {}, view.table.rows.slice(0, PREVIEW_ROWS).map((row) => {
      const customer = customerOf(row, view.columns);
      return h("tr", {}, shown.map((name) => h("td", {}, written(customer[name] ?? "–"))));
    }))));
}

function customerOf({ values }, columns) {
  const value = (name) => (name in columns ? values[columns[name]] : "");
  const customer = { customer_id: value("customer_id"), name: value("name") || [value("first_name"), value("last_name")].filter(Boolean).join(" ") };
  for (const name of ["email", "phone"]) if (value(name)) customer[name] = value(name);
  return customer;
}

// --- checking and importing

async function start(view, { dryRun, country, control }) {
  complain(control);
  const progress = h("progress", { max: String(view.table.rows.length), value: "0", "aria-label": t(dryRun ? "import.checking" : "import.importing") });
  const status = h("p", { class: "muted" });
  replace(view.result, h("div", { class: "card" }, status, progress));
  const tally = { created: 0, updated: 0, refused: [], likely: [] };
  const seen = (done) => {
    progress.value = done;
    status.textContent = t(dryRun ? "import.checked" : "import.imported", { done, n: view.table.rows.length });
  };
  seen(0);
  try {
    await sendAll(view, { dry_run: dryRun, country }, tally, seen);
  } catch (error) {
    if (error.name === "AbortError") return;
    const ofCountry = error.errors?.find(({ field: name }) => name === "country");
    if (ofCountry) {
      replace(view.result);
      complain(control, complaintOf(ofCountry.message));
      control.focus();
      return;
    }
    replace(view.result, errorPanel(error, () => start(view, { dryRun, country, control })));
    return;
  }
  paintResult(view, tally, dryRun);
}

async function sendAll(view, options, tally, seen) {
  let done = 0;
  for (const batch of batchesOf(firstOfEach(view, tally), ({ customer }) => customer)) {
    const body = { ...options, customers: batch.map(({ customer }) => customer) };
    const { results } = await send("PUT", "customers", body, view.signal);
    results.forEach((result, place) => {
      const { row } = batch[place];
      if (result.outcome === "refused") tally.refused.push({ row, errors: result.errors });
      else tally[result.outcome] += 1;
      if (result.suggestion) tally.likely.push({ row, suggestion: result.suggestion });
    });
    done += batch.length;
    seen(done + tally.repeated);
  }
  tally.refused.sort((one, other) => one.row.line - other.row.line);
}

/** Return the rows with their customers. A row with the ID of an earlier row is refused: only one could stay. */
function firstOfEach({ table, columns }, tally) {
  const lines = new Map();
  const rows = [];
  for (const row of table.rows) {
    const customer = customerOf(row, columns);
    const line = lines.get(customer.customer_id);
    if (line === undefined) {
      lines.set(customer.customer_id, row.line);
      rows.push({ row, customer });
    } else tally.refused.push({ row, errors: [{ field: "customer_id", text: t("import.repeated", { line }) }] });
  }
  tally.repeated = tally.refused.length;
  return rows;
}

function paintResult(view, tally, dryRun) {
  const importable = tally.created + tally.updated;
  const title = t(dryRun ? "import.would_be" : "import.done");
  const result = card(title,
    h("div", { class: "figures" }, figure(tally.created, t("import.created")), figure(tally.updated, t("import.updated")), figure(tally.refused.length, t("import.refused"))),
    rowsTable(view, t("import.refused_table"), tally.refused, ({ errors }) => errors.map(reasonOf).join(" ")),
    rowsTable(view, t("import.likely_table"), tally.likely, likelyOf),
    tally.likely.length > 0 && h("p", { class: "muted" }, t("import.likely_help")),
    h("div", { class: "row spaced" },
      dryRun && importable > 0 && busyButton(t("import.start", { n: importable }), { kind: "primary" }, view.importAll),
      tally.refused.length > 0 && button(t("import.download"), { glyph: "download", on: () => download(view, tally.refused) })),
    dryRun && importable > 0 && h("p", { class: "muted spaced" }, t("import.replaces")));
  if (!dryRun && importable === 0 && tally.refused.length === 0) result.append(empty(t("import.empty"), ""));
  replace(view.result, result);
  const heading = result.querySelector("h2");
  heading.tabIndex = -1;
  heading.focus();
  announce(`${title}: ${t("import.summary", { created: tally.created, updated: tally.updated, refused: tally.refused.length })}`);
}

/** The first of some rows, each with what there is to say about it; null without rows. */
function rowsTable({ columns }, title, rows, saying) {
  if (rows.length === 0) return null;
  const left = rows.length - SHOWN_ROWS;
  return [
    h("h3", {}, title),
    scroller(title, h("table", {},
      h("caption", { class: "unseen" }, title),
      h("thead", {}, h("tr", {}, ["line", "id", "why"].map((name) => h("th", { scope: "col" }, t(`import.${name}`))))),
      h("tbody", {}, rows.slice(0, SHOWN_ROWS).map((each) => h("tr", {},
        h("td", {}, number(each.row.line)),
        h("td", {}, written(customerOf(each.row, columns).customer_id || "–")),
        h("td", {}, saying(each))))))),
    left > 0 && h("p", { class: "muted" }, t("import.more", { n: left })),
  ];
}

function likelyOf({ suggestion }) {
  return t("detail.did_you_mean", { suggestion });
}

function reasonOf({ field: name, message, suggestion, text }) {
  const label = FIELDS.includes(name) ? t(`import.field.${name}`) : name;
  const likely = suggestion ? ` ${likelyOf({ suggestion })}` : "";
  return `${label}: ${text ?? complaintOf(message)}${likely}`;
}

/** Download the refused rows with the reasons, so that they can be corrected and imported again. */
function download({ table, name }, refused) {
  const header = [...(table.header ?? Array.from({ length: table.width }, (_, each) => String(each + 1))), "error"];
  const rows = refused.map(({ row, errors }) => [...row.values, errors.map(reasonOf).join(" ")]);
  save(`${name.replace(/\.\w+$/, "")}.refused.csv`, writeTable([header, ...rows], table.delimiter));
}
