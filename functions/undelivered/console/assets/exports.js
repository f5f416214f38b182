/** Exports: the files of the past days, and those in progress. */

import * as api from "./api.js";
import { h, icon, replace, written } from "./dom.js";
import { day, maybe, moment, t } from "./i18n.js";
import { attempt, busyButton, empty, loading, pageTitle, said, toastError } from "./ui.js";

export function show(page, { signal }) {
  const place = h("div", { class: "results spaced" }, loading());
  replace(page, h("a", { class: "back", href: "#/report" }, icon("back"), t("detail.back")), pageTitle(t("exports.title")), h("p", { class: "muted" }, t("exports.intro")), place);
  const read = async () => (await api.get("exports", { signal })).exports;
  attempt(place, async () => {
    const found = await read();
    paint(place, found);
    if (isRunning(found)) await api.poll(read, (later) => !isRunning(later), { seen: (later) => paint(place, later), signal });
  });
}

function isRunning(found) {
  return found.some(({ state }) => state === "running");
}

function paint(place, found) {
  if (found.length === 0) {
    replace(place, h("div", { class: "card" }, empty(t("exports.empty"), t("exports.empty_help"))));
    return;
  }
  const focused = document.activeElement?.id; // a list that is painted again keeps the focus
  replace(place, h("ul", { class: "card record files" }, found.map(row)));
  if (focused) document.getElementById(focused)?.focus();
}

function row(one) {
  const state = { running: () => t("exports.running", { n: one.rows }), done: () => t("exports.done", { n: one.rows }), failed: () => `${t("exports.failed")}. ${said(one.detail)}` };
  const when = moment(one.requested_at);
  return h("li", {},
    h("div", {},
      h("b", {}, h("time", { datetime: one.requested_at }, when)), " · ", written(maybe(`by.${one.requested_by}`) ?? one.requested_by.replace(/ \([^()]*\)$/, "")),
      h("div", { class: "muted", role: one.state === "running" && "status" }, one.state === "running" && h("span", { class: "spinner small", "aria-hidden": "true" }), state[one.state](),
        one.state === "done" && ` · ${t("exports.kept_until", { when: day(one.kept_until) })}`)),
    one.state === "done" && busyButton(t("export.download"), { glyph: "download", kind: "small", id: `export-${one.export_id}`, "aria-label": t("exports.download_of", { when }) }, () => download(one)));
}

async function download({ export_id: id }) {
  try {
    const { url } = await api.get(`exports/${encodeURIComponent(id)}`);
    h("a", { href: url, download: "", rel: "noreferrer" }).click();
  } catch (error) {
    toastError(error);
  }
}
