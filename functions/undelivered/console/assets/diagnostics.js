/** Unrecognised replies: replies without a known reason, and the reasons that the account maps them to. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { h, icon, replace, written } from "./dom.js";
import { day, number, t } from "./i18n.js";
import { attempt, button, busyButton, empty, loading, pageTitle, reasonName, select, toast, toastError } from "./ui.js";

const NONE = "undetermined";
const REASONS = [
  "address_not_found", "domain_not_found", "address_malformed", "number_invalid", "mailbox_disabled", "recipient_refused",
  "mailbox_full", "unreachable", "server_unavailable", "timed_out", "message_too_large", "content_rejected",
  "sender_blocked", "sender_authentication", "rate_limited", "carrier_blocked",
];
const COLUMNS = ["shape", "receivers", "count", "last_seen", "reason"];
const ROWS_AT_ONCE = 50;
const RECEIVERS_SHOWN = 4;

export function show(page, { signal }) {
  const place = h("div", { class: "results spaced" }, loading());
  replace(page, h("a", { class: "back", href: "#/settings" }, icon("back"), t("nav.settings")), pageTitle(t("diagnostics.title")), h("p", { class: "muted" }, t("diagnostics.intro")), place);
  attempt(place, async () => {
    const { shapes } = await api.get("diagnostics/unrecognised", { signal });
    if (shapes.length === 0) replace(place, h("div", { class: "card" }, empty(t("diagnostics.empty"), t("diagnostics.empty_help"))));
    else replace(place, table(shapes));
  });
}

function table(shapes) {
  const body = h("tbody", { role: "rowgroup" });
  const foot = h("div", { class: "list-foot", hidden: true }, button(t("report.more"), { on: () => more() }));
  const more = () => {
    const first = body.children.length;
    body.append(...shapes.slice(first, first + ROWS_AT_ONCE).map(row));
    foot.hidden = body.children.length === shapes.length;
    if (first) body.children[first].querySelector("select")?.focus();
  };
  more();
  return [
    h("div", { class: "card list-card" },
      h("table", { class: "list", role: "table" },
        h("caption", { class: "unseen" }, t("diagnostics.table")),
        h("thead", { role: "rowgroup" },
          h("tr", { role: "row" }, COLUMNS.map((name) => h("th", { role: "columnheader", scope: "col" }, t(`diagnostics.${name}`))))),
        body)),
    foot,
  ];
}

function row(item) {
  const cell = (name, content, kind = "labelled") =>
    h("td", { role: "cell", class: kind, "data-label": t(`diagnostics.${name}`) }, content);
  const receivers = item.receivers.slice(0, RECEIVERS_SHOWN).map(({ domain }) => domain);
  return h("tr", { role: "row" },
    h("td", { role: "cell", class: "title-cell shape-cell" }, written(item.shape)),
    cell("receivers", written(receivers.join(", ")), receivers.length ? "labelled" : "empty-cell"),
    cell("count", number(item.count)),
    cell("last_seen", item.last_seen && h("time", { datetime: item.last_seen }, day(item.last_seen)), item.last_seen ? "date" : "empty-cell"),
    h("td", { role: "cell", class: "reason-choice" }, auth.mayAct() ? choice(item) : reasonName(item.reason ?? NONE)));
}

/** The reason of a reply. A choice is saved only when it is applied, because the arrow keys select each option that they pass. */
function choice(item) {
  const control = select([NONE, ...REASONS].map((name) => [name, reasonName(name)]), item.reason ?? NONE,
    { "aria-label": t("diagnostics.reason_of", { shape: item.shape }), on: { change: () => update() } });
  const apply = busyButton(t("diagnostics.apply"), { kind: "small primary" }, () => change(control.value, item.reason));
  const who = h("span", { class: "muted" });
  const update = () => {
    const last = item.audit.at(-1);
    apply.hidden = control.value === (item.reason ?? NONE);
    replace(who, last && [written(last.by), ", ", day(last.at)]);
  };
  const change = async (reason, before, isUndo = false) => {
    try {
      Object.assign(item, await map(item.id, reason));
    } catch (error) {
      toastError(error);
      return;
    }
    control.value = item.reason ?? NONE;
    update();
    control.focus();
    toast(item.reason ? t("diagnostics.applied", { reason: reasonName(item.reason) }) : t("diagnostics.removed"),
      isUndo ? {} : { action: t("dismiss.undo"), on: () => change(before ?? NONE, null, true) });
  };
  update();
  return [control, apply, who];
}

function map(id, reason) {
  const path = `diagnostics/${encodeURIComponent(id)}`;
  return reason === NONE ? api.request("DELETE", path) : api.request("PUT", path, { body: { reason } });
}
