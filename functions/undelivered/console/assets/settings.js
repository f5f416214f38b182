/** Settings of the account: time zone, sender, digest, who resends, retention, viewers, repeated soft bounces. */

import * as api from "./api.js";
import { askingSettings } from "./asking.js";
import * as auth from "./auth.js";
import { h, replace } from "./dom.js";
import { calendarDate, LANGUAGES, loadTexts, t, useTimeZone } from "./i18n.js";
import { offerSpelling } from "./spelling.js";
import { attempt, button, card, complain, field, loading, Mistake, pageTitle, select, showFormError, textInput, toast } from "./ui.js";

/** The values of the form if some are not saved, else null. They stay while another page is open. */
let unsaved = null;
window.addEventListener("beforeunload", (event) => unsaved && event.preventDefault());

export function show(page, { signal }) {
  const place = h("div", {}, loading());
  replace(page, pageTitle(t("settings.title")), otherPages(), place);
  attempt(place, async () => {
    const settings = await api.get("settings", { signal });
    await loadTexts("asking");
    paint(place, settings);
  });
  signal.addEventListener("abort", () => {
    if (!unsaved || location.hash === "#/settings") return; // a change of the language shows the same page again
    toast(t("settings.left_unsaved"), { action: t("settings.back"), on: () => (location.hash = "#/settings") });
  });
}

/** The pages of the account that are seldom needed. */
function otherPages() {
  const pages = [
    auth.mayManage() && ["people", "settings.people"],
    auth.mayManage() && ["audit", "settings.audit"],
    !auth.isEmbedded() && ["two-step", "settings.two_step"],
    ["webhooks", "settings.webhooks"],
    auth.mayAct() && ["diagnostics", "diagnostics.title"],
    ["setup", "settings.setup"],
  ].filter(Boolean);
  return h("nav", { class: "views", "aria-label": t("settings.title") }, pages.map(([name, text]) => h("a", { class: "pill", href: `#/${name}` }, t(text))));
}

function paint(place, settings) {
  const locked = !auth.mayManage();
  const controls = {
    time_zone: select(zones(settings.time_zone), settings.time_zone, { disabled: locked }),
    locale: select(Object.entries(LANGUAGES), settings.locale, { disabled: locked }),
    sender: textInput(settings.sender ?? "", { maxlength: "320", readonly: locked, autocomplete: "off" }),
    "digest.recipients": h("textarea", { rows: "3", readonly: locked, spellcheck: "false", value: (settings.digest?.recipients ?? []).join("\n") }),
    "digest.hour": select(hours(), String(settings.digest?.hour ?? 8), { disabled: locked }),
    categories: h("textarea", { rows: "3", readonly: locked, spellcheck: "false", value: (settings.categories ?? []).map(({ id, title }) => `${id}: ${title}`).join("\n") }),
    history_days: numberInput(settings.history_days, 30, 3650, locked),
    content_days: numberInput(settings.content_days, 1, 400, locked),
    resend_by: select(["undelivered", "host", "ask"].map((name) => [name, t(`settings.resend_by.${name}`)]), settings.resend_by, { disabled: locked }),
    "grace.host_hours": numberInput(settings.grace?.host_hours, 1, 336, locked),
    "soft_failures.failures": numberInput(settings.soft_failures?.failures, 2, 50, locked),
    "soft_failures.days": numberInput(settings.soft_failures?.days, 0, 60, locked),
  };
  const asking = settings.contact_requests && askingSettings(settings.contact_requests, locked);
  Object.assign(controls, asking?.controls);
  const days = weekdays(settings.digest?.days ?? [], locked);
  const viewers = h("input", { type: "checkbox", checked: settings.viewers_may_export, disabled: locked });
  const accepted = h("input", { type: "checkbox", checked: settings.record_accepted, disabled: locked });
  const trouble = h("div", {});
  const send = h("button", { type: "submit", class: "button primary" }, t("save"));
  const save = async (event) => {
    event.preventDefault();
    if (send.getAttribute("aria-disabled")) return;
    for (const control of Object.values(controls)) complain(control);
    replace(trouble);
    send.setAttribute("aria-disabled", "true");
    send.classList.add("busy");
    try {
      const kept = await api.request("PUT", "settings", { body: { ...body(settings, controls, days, { viewers, accepted }), ...(asking && { contact_requests: asking.values() }) } });
      useTimeZone(kept?.time_zone ?? controls.time_zone.value);
      toast(t("saved"));
      unsaved = null;
      paint(place, kept);
      place.querySelector("[type=submit]").focus();
    } catch (error) {
      showFormError(error, trouble, controls);
    } finally {
      send.removeAttribute("aria-disabled");
      send.classList.remove("busy");
    }
  };
  const has = (name) => settings[name] !== undefined;
  const pending = h("div", { class: "row", hidden: true },
    h("span", { class: "muted", role: "status" }, t("settings.unsaved")),
    button(t("settings.discard"), { kind: "small", on: () => {
      unsaved = null;
      paint(place, settings);
      place.querySelector("[type=submit]").focus();
    } }));
  const form = h("form", { class: "settings", novalidate: true, on: { submit: save, input: () => noteChanges() } },
    card(t("settings.general"),
      field(t("settings.time_zone"), controls.time_zone, { help: t("settings.time_zone_help") }),
      has("locale") && field(t("settings.language"), controls.locale, { help: t("settings.language_help") }),
      has("sender") && field(t("settings.sender"), controls.sender, { help: t("settings.sender_help") })),
    has("digest") && card(t("settings.digest"),
      field(t("settings.recipients"), controls["digest.recipients"], { help: t("settings.recipients_help") }),
      h("fieldset", { class: "field" }, h("legend", {}, t("settings.days")), h("div", { class: "days" }, days.map(({ label }) => label))),
      field(t("settings.hour"), controls["digest.hour"])),
    has("resend_by") && card(t("settings.resends"),
      field(t("settings.resend_by"), controls.resend_by, { help: t("settings.resend_by_help") }),
      field(t("settings.host_hours"), controls["grace.host_hours"], { help: t("settings.host_hours_help") })),
    asking?.element,
    has("categories") && card(t("settings.categories"),
      field(t("settings.category_list"), controls.categories, { help: t("settings.categories_help") })),
    card(t("settings.retention"), h("div", { class: "two" },
      has("history_days") && field(t("settings.history_days"), controls.history_days),
      has("content_days") && field(t("settings.content_days"), controls.content_days))),
    has("viewers_may_export") && card(t("settings.viewers"),
      h("label", { class: "check" }, viewers, t("settings.viewers_may_export")),
      h("p", { class: "muted" }, t("settings.viewers_may_export_help"))),
    has("record_accepted") && card(t("settings.lookups"),
      h("label", { class: "check" }, accepted, t("settings.record_accepted")),
      h("p", { class: "muted" }, t("settings.record_accepted_help"))),
    has("soft_failures") && card(t("settings.soft"),
      h("p", { class: "muted" }, t("settings.soft_help")),
      h("div", { class: "two" },
        field(t("settings.failures"), controls["soft_failures.failures"]),
        field(t("settings.soft_days"), controls["soft_failures.days"]))),
    trouble,
    locked ? h("p", { class: "muted" }, t(auth.mayAct() ? "embed.settings" : "viewer_note")) : h("div", { class: "sticky-save" }, send, pending));
  for (const control of [controls.sender, controls["digest.recipients"]]) if (!locked && control.closest(".field")) offerSpelling(control);
  const saved = JSON.stringify(valuesOf(form));
  const noteChanges = () => {
    const values = valuesOf(form);
    unsaved = JSON.stringify(values) === saved ? null : values;
    pending.hidden = !unsaved;
  };
  replace(place, form);
  if (unsaved && !locked) fillIn(form, unsaved);
  noteChanges();
}

function controlsOf(form) {
  return [...form.querySelectorAll("input, select, textarea")];
}

/** The values of a form's controls, in their order. */
function valuesOf(form) {
  return controlsOf(form).map((control) => (control.type === "checkbox" ? control.checked : control.value));
}

function fillIn(form, values) {
  controlsOf(form).forEach((control, index) => {
    if (control.type === "checkbox") control.checked = values[index];
    else control.value = values[index];
  });
}

/** The settings to save: the loaded settings with the changes from this page. */
function body(settings, controls, days, { viewers, accepted }) {
  const result = { ...settings, time_zone: controls.time_zone.value };
  if ("locale" in settings) result.locale = controls.locale.value;
  if ("sender" in settings) result.sender = controls.sender.value.trim();
  if ("categories" in settings) result.categories = categories(controls.categories);
  for (const name of ["history_days", "content_days"]) if (name in settings) result[name] = wholeNumber(controls[name]);
  if ("record_accepted" in settings) result.record_accepted = accepted.checked;
  if ("viewers_may_export" in settings) result.viewers_may_export = viewers.checked;
  if (settings.resend_by) {
    result.resend_by = controls.resend_by.value;
    result.grace = { ...settings.grace, host_hours: wholeNumber(controls["grace.host_hours"]) };
  }
  if (settings.soft_failures) {
    result.soft_failures = {
      ...settings.soft_failures,
      failures: wholeNumber(controls["soft_failures.failures"]),
      days: wholeNumber(controls["soft_failures.days"]),
    };
  }
  if (settings.digest) {
    result.digest = {
      ...settings.digest,
      recipients: controls["digest.recipients"].value.split(/[\s,;]+/).filter(Boolean),
      days: days.filter(({ box }) => box.checked).map(({ number }) => number),
      hour: Number(controls["digest.hour"].value),
    };
  }
  return result;
}

/** The categories in a text with one "id: title" on each line. */
function categories(control) {
  return control.value.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [, id, title] = /^([a-z0-9][a-z0-9_-]{0,31})\s*:\s*(\S.{0,79})$/u.exec(line) ?? [];
    if (!id) throw new Mistake(control, t("settings.category_line", { line }));
    return { id, title: title.trim() };
  });
}

function numberInput(value, from, to, locked) {
  return h("input", { type: "number", value: value ?? "", min: from, max: to, step: 1, inputmode: "numeric", readonly: locked });
}

function wholeNumber(control) {
  const value = Number(control.value);
  const [from, to] = [Number(control.min), Number(control.max)];
  if (!Number.isInteger(value) || value < from || value > to) throw new Mistake(control, t("error.number", { from, to }));
  return value;
}

function zones(present) {
  const known = new Set(["UTC", ...Intl.supportedValuesOf("timeZone")]);
  return [...known.add(present)].map((name) => [name, name.replaceAll("_", " ")]);
}

function hours() {
  return Array.from({ length: 24 }, (_, hour) => [String(hour), `${String(hour).padStart(2, "0")}:00`]);
}

/** Boxes for the days of the week, Monday (0) first. */
function weekdays(chosen, locked) {
  return Array.from({ length: 7 }, (_, number) => {
    const box = h("input", { type: "checkbox", checked: chosen.includes(number), disabled: locked });
    const name = calendarDate(`2024-01-0${number + 1}`, { weekday: "long" }); // the first of January 2024 was a Monday
    return { number, box, label: h("label", { class: "check" }, box, name) };
  });
}
