/** Webhooks: the endpoints that get the account's events, their secrets, and the log of deliveries. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { h, icon, replace, written } from "./dom.js";
import { maybe, moment, number, t } from "./i18n.js";
import { attempt, button, busyButton, card, dialogue, empty, field, loading, Mistake, pageTitle, required, textInput, toast, toastError } from "./ui.js";

const TYPES = [
  "undelivered.item.opened", "undelivered.item.resending", "undelivered.item.resolved", "undelivered.item.returned",
  "undelivered.item.dismissed", "undelivered.item.restored", "undelivered.item.expired", "undelivered.resend.requested",
  "undelivered.contact.corrected", "undelivered.incident.started", "undelivered.incident.ended",
];
const MOST = 5;
const PAGE = 20;
const FIRST_POLL_MS = 1_000;
const POLLS = 12;
const DAYS_REPLAYED = 30;

export async function show(page, { signal }) {
  const place = h("div", { class: "stack spaced" }, loading());
  replace(page,
    h("a", { class: "back", href: "#/settings" }, icon("back"), t("nav.settings")),
    pageTitle(t("webhooks.title")),
    h("p", { class: "muted" }, t("webhooks.intro")),
    place);
  page.querySelector("h1").focus({ preventScroll: true });
  const view = { place, signal };
  view.reload = () => attempt(place, async () => paint(view, (await api.get("webhooks", { signal })).webhooks));
  await view.reload();
}

function paint(view, webhooks) {
  const add = auth.mayManage() && webhooks.length < MOST && button(t("webhooks.add"), { kind: "primary", on: () => edit(view) });
  replace(view.place,
    webhooks.length === 0 && h("div", { class: "card" }, empty(t("webhooks.empty"), t("webhooks.empty_help"), add)),
    webhooks.map((webhook) => section(view, webhook)),
    webhooks.length > 0 && add && h("div", { class: "row" }, add),
    !auth.mayManage() && h("p", { class: "muted" }, t(auth.mayAct() ? "embed.settings" : "viewer_note")));
}

const pathOf = (webhook) => `webhooks/${encodeURIComponent(webhook.webhook_id)}`;

function section(view, webhook) {
  const log = h("div", {});
  const state = h("span", { class: `chip ${webhook.enabled ? "state-resolved" : "state-expired"}` }, t(webhook.enabled ? "webhooks.enabled" : "webhooks.disabled"));
  const types = webhook.event_types.length ? webhook.event_types.map(typeName).join(", ") : t("webhooks.all_types");
  const why = !webhook.enabled && webhook.disabled_reason !== "by_user" &&
    h("p", { class: "notice bad" }, icon("warning"), h("span", {}, t(`webhooks.disabled.${webhook.disabled_reason}`)));
  return card(written(webhook.url),
    h("p", { class: "row" }, state, h("span", { class: "muted" }, types)),
    why,
    isFuture(webhook.old_secret_valid_until) && h("p", { class: "muted" }, t("webhooks.old_secret", { time: moment(webhook.old_secret_valid_until) })),
    auth.mayManage() && actions(view, webhook, log),
    h("details", { class: "spaced", on: { toggle: (event) => event.target.open && showLog(view, webhook, log) } },
      h("summary", {}, t("webhooks.log")), log));
}

const isFuture = (time) => time !== null && Date.parse(time) > Date.now();

function actions(view, webhook, log) {
  const named = { "aria-description": webhook.url };
  const result = h("p", { role: "status" });
  const change = (body, text) => act(view, async () => {
    await api.request("PATCH", pathOf(webhook), { body });
    toast(t(text));
  });
  return [
    h("div", { class: "row spaced" },
      webhook.enabled && busyButton(t("webhooks.test"), { kind: "small primary", ...named }, () => test(view, webhook, result, log)),
      button(t("webhooks.edit"), { kind: "small", ...named, on: () => edit(view, webhook) }),
      button(t("webhooks.rotate"), { kind: "small", ...named, on: () => rotate(view, webhook) }),
      webhook.enabled && busyButton(t("webhooks.replay_failed"), { kind: "small", ...named }, () => replayFailed(view, webhook, log)),
      webhook.enabled
        ? busyButton(t("webhooks.disable"), { kind: "small", ...named }, () => change({ enabled: false }, "webhooks.was_disabled"))
        : busyButton(t("webhooks.enable"), { kind: "small primary", ...named }, () => change({ enabled: true }, "webhooks.was_enabled")),
      button(t("webhooks.delete"), { kind: "small danger", ...named, on: () => remove(view, webhook) })),
    result,
  ];
}

async function act(view, work) {
  try {
    await work();
  } catch (error) {
    toastError(error);
    return;
  }
  await view.reload();
}

// --- add, change, delete, secrets

async function edit(view, webhook = null) {
  const url = textInput(webhook?.url ?? "", { type: "url", maxlength: "500", autocomplete: "off", spellcheck: "false", required: true });
  const chosen = new Set(webhook?.event_types.length ? webhook.event_types : TYPES);
  const boxes = TYPES.map((name) => h("input", { type: "checkbox", value: name, checked: chosen.has(name) }));
  const result = await dialogue({
    title: t(webhook ? "webhooks.edit" : "webhooks.add"),
    content: [
      field(t("webhooks.url"), url, { help: t("webhooks.url_help") }),
      h("fieldset", { class: "field" }, h("legend", {}, t("webhooks.types")),
        h("div", { class: "days" }, boxes.map((box) => h("label", { class: "check" }, box, typeName(box.value))))),
    ],
    action: t("save"),
    complaints: { url },
    submit: () => {
      const types = boxes.filter((box) => box.checked).map((box) => box.value);
      const body = { url: required(url), event_types: types.length === TYPES.length ? [] : types };
      if (types.length === 0) throw new Mistake(url, t("webhooks.no_type"));
      return webhook ? api.request("PATCH", pathOf(webhook), { body }) : api.post("webhooks", body);
    },
  });
  if (!result) return;
  if (result.secret) await showSecret(result.secret);
  else toast(t("saved"));
  await view.reload();
}

async function rotate(view, webhook) {
  const result = await dialogue({
    title: t("webhooks.rotate"),
    intro: t("webhooks.rotate_help"),
    action: t("webhooks.rotate"),
    submit: () => api.post(`${pathOf(webhook)}/rotate-secret`),
  });
  if (!result) return;
  await showSecret(result.secret);
  await view.reload();
}

async function remove(view, webhook) {
  const removed = await dialogue({
    title: t("webhooks.delete"),
    intro: t("webhooks.delete_help", { url: webhook.url }),
    action: t("webhooks.delete"),
    kind: "danger",
    submit: () => api.request("DELETE", pathOf(webhook)),
  });
  if (!removed) return;
  toast(t("webhooks.deleted"));
  await view.reload();
}

function showSecret(secret) {
  const control = textInput(secret, { readonly: true, spellcheck: "false" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      toast(t("webhooks.copied"));
    } catch {
      control.select(); // without permission, the user can copy the selected text
    }
  };
  return dialogue({
    title: t("webhooks.secret"),
    intro: t("webhooks.secret_help"),
    content: [field(t("webhooks.secret"), control), h("div", { class: "row" }, button(t("webhooks.copy"), { on: copy }))],
    action: t("webhooks.kept"),
    cancel: t("close"),
    submit: () => true,
  });
}

// --- deliveries

async function test(view, webhook, result, log) {
  replace(result, t("webhooks.testing"));
  try {
    let delivery = await api.post(`${pathOf(webhook)}/test`);
    for (let poll = 0; poll < POLLS && delivery.tries.length === 0; poll += 1) {
      await api.pause(FIRST_POLL_MS, view.signal);
      delivery = await api.get(`${pathOf(webhook)}/deliveries/${delivery.delivery_id}`, { signal: view.signal });
    }
    replace(result, delivery.tries.length ? `${t("webhooks.test_result")} ${outcome(delivery)}` : t("webhooks.test_waits"));
    if (log.childElementCount) await showLog(view, webhook, log);
  } catch (error) {
    replace(result);
    toastError(error);
  }
}

async function replayFailed(view, webhook, log) {
  const since = new Date(Date.now() - DAYS_REPLAYED * 86_400_000).toISOString();
  try {
    const { started } = await api.post(`${pathOf(webhook)}/replay`, { since });
    toast(t("webhooks.replayed", { n: started }));
    if (log.childElementCount) await showLog(view, webhook, log);
  } catch (error) {
    toastError(error);
  }
}

function showLog(view, webhook, log) {
  const { signal } = view;
  const body = h("tbody", { role: "rowgroup" });
  const foot = h("div", { class: "list-foot" });
  const path = `${pathOf(webhook)}/deliveries`;
  const more = async (cursor) => {
    const page = await api.get(path, { query: { limit: PAGE, cursor }, signal });
    const first = body.children.length;
    body.append(...page.items.map((delivery) => row(view, webhook, delivery)));
    replace(foot, page.next_cursor && busyButton(t("report.more"), { kind: "small" }, () => more(page.next_cursor).catch(toastError)));
    if (cursor) body.children[first]?.querySelector("button")?.focus();
  };
  return attempt(log, async () => {
    await more(null);
    if (body.children.length === 0) replace(log, h("p", { class: "muted" }, t("webhooks.no_deliveries")));
    else replace(log, table(body), foot);
  });
}

function table(body) {
  const columns = ["time", "event", "result", "again"];
  return h("table", { class: "list", role: "table" },
    h("caption", { class: "unseen" }, t("webhooks.log")),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((name) => h("th", { role: "columnheader", scope: "col" }, t(`webhooks.${name}`))))),
    body);
}

function row(view, webhook, delivery) {
  const cell = (name, content) => h("td", { role: "cell", class: "labelled", "data-label": t(`webhooks.${name}`) }, content);
  const line = h("tr", { role: "row" });
  const fill = (shown) => replace(line,
    cell("time", h("time", { datetime: shown.created_at }, moment(shown.created_at))),
    cell("event", typeName(shown.event_type)),
    cell("result", outcome(shown)),
    cell("again", auth.mayManage() && webhook.enabled && busyButton(t("webhooks.replay"), { kind: "small", "aria-description": `${typeName(shown.event_type)}, ${moment(shown.created_at)}` }, () => replay(view, webhook, shown, fill))));
  fill(delivery);
  return line;
}

async function replay(view, webhook, delivery, fill) {
  const path = `${pathOf(webhook)}/deliveries/${delivery.delivery_id}`;
  const before = delivery.tries.at(-1)?.at;
  try {
    let shown = await api.post(`${path}/replay`);
    for (let poll = 0; poll < POLLS && shown.tries.at(-1)?.at === before; poll += 1) {
      await api.pause(FIRST_POLL_MS, view.signal);
      shown = await api.get(path, { signal: view.signal });
    }
    fill(shown);
    toast(outcome(shown));
  } catch (error) {
    toastError(error);
  }
}

/** What became of a delivery: its state, the last status or error, how often it was tried, how long it took. */
function outcome(delivery) {
  const last = delivery.tries.at(-1);
  const state = t(`webhooks.state.${delivery.state}`);
  if (!last) return state;
  const response = last.status === null ? t(`webhooks.error.${last.error}`) : t("webhooks.status", { status: String(last.status) });
  const parts = [state, response, t("webhooks.tries", { n: delivery.tries.length }), t("webhooks.ms", { time: number(last.milliseconds) })];
  if (delivery.next_try_at) parts.push(t("webhooks.next", { time: moment(delivery.next_try_at) }));
  return parts.join(" · ");
}

function typeName(type) {
  return maybe(`webhooks.type.${type.replace(/^undelivered\./, "")}`) ?? type;
}
