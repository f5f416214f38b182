/** One notification: what happened, what to do, the attempts, the message, the customer's contact, and Resend. */

import { askingCard, channelsToAsk } from "./asking.js";
import { dismiss, itemPath, resend, restore } from "./actions.js";
import * as api from "./api.js";
import * as auth from "./auth.js";
import { contactCard } from "./contact.js";
import { h, icon, replace, written } from "./dom.js";
import { day, fileSize, maybe, moment, relative, t } from "./i18n.js";
import { messageFrame } from "./message.js";
import { trailBack, trailNav } from "./trail.js";
import { announce, attempt, busyButton, button, card, channelIcon, keepFocus, loading, pageTitle, reasonName, said, sentence, stateChip, statusChip, toast, toastError } from "./ui.js";

const SLOW_MS = 15_000;

export function show(page, { rest: [id], signal }) {
  const place = h("div", {}, loading());
  const back = trailBack();
  replace(page,
    h("div", { class: "way" },
      h("a", { class: "back", href: back ?? backToReport() }, icon("back"), t(back?.startsWith("#/work") ? "trail.back" : "detail.back")), trailNav(signal)),
    place);
  const view = { id, place, signal, item: null, key: crypto.randomUUID(), news: h("div", { class: "news", role: "status" }) };
  attempt(place, async () => {
    await refresh(view);
    place.querySelector("h1")?.focus({ preventScroll: true });
    if (view.item.state === "resending") follow(view);
    else if (view.item.state === "resolved" || view.item.host_resend) settled(view);
  });
}

let cameFrom = "#/report";
window.addEventListener("hashchange", (event) => {
  const before = new URL(event.oldURL).hash;
  if (before.startsWith("#/report")) cameFrom = before;
});

function backToReport() {
  return cameFrom;
}

async function refresh(view) {
  view.item = await api.get(itemPath(view.id), { signal: view.signal });
  paint(view);
}

// --- the page

function paint(view) {
  const { item, place, news } = view;
  const hadFocus = place.contains(document.activeElement);
  const editing = place.querySelector(".contact form"); // keep unsaved input
  const contact = (editing && place.querySelector(".contact")) ?? contactCard(item, (_, isResent) => changedContact(view, isResent), view.signal);
  const frame = place.querySelector(".message-card") ?? messageCard(item);
  replace(place,
    h("div", { class: "detail-head" },
      h("div", {},
        pageTitle(written(item.title || t("report.untitled"))),
        h("div", { class: "chips" }, statusChip(item), stateChip(item), channelIcon(item.channel), h("span", { class: "muted" }, written(item.recipient)))),
      auth.mayAct() ? actions(view) : h("p", { class: "muted" }, t("viewer_note"))),
    news,
    h("div", { class: "detail" },
      h("div", { class: "stack" }, whatHappened(item), attempts(item), frame, attachments(view)),
      h("div", { class: "stack" }, contact, asking(view), dates(item), suppression(item), record(item))));
  if (hadFocus) keepFocus();
}

function actions(view) {
  const { item } = view;
  const box = h("div", { class: "actions" });
  if (item.state === "dismissed") return add(box, busyButton(t("detail.restore"), { kind: "primary" }, () => act(view, () => restore([item]))));
  if (item.state === "resolved" || item.state === "expired") return box;
  const asksConsent = item.resend.code === "resend_needs_consent";
  const may = item.resend.allowed || asksConsent;
  const byHost = item.resend.resenders[0] === "host";
  const why = h("p", { class: "why", id: "resend-why" }, said(item.resend.detail), byHost && ` ${t("detail.ask_host_why")}`);
  const again = busyButton(t(byHost ? "detail.ask_host" : "detail.resend"), { kind: "primary", glyph: "resend", "aria-describedby": "resend-why", id: "resend" }, () => startResend(view));
  if (!may) {
    const refused = button(t("detail.resend"), {
      kind: "primary",
      glyph: "resend",
      id: "resend",
      "aria-disabled": "true",
      "aria-describedby": "resend-why",
      on: () => announce(said(item.resend.detail)),
    });
    return add(box, h("div", { class: "row" }, dismissButton(view), refused), why);
  }
  return add(box, h("div", { class: "row" }, dismissButton(view), again), why);
}

function add(box, ...children) {
  box.append(...children.filter(Boolean));
  return box;
}

function dismissButton(view) {
  if (view.item.state !== "open") return null;
  return button(t("dismiss.action"), {
    on: async () => {
      if (await dismiss([view.item], () => refreshQuietly(view))) await refreshQuietly(view);
    },
  });
}

async function act(view, work) {
  try {
    await work();
    await refresh(view);
  } catch (error) {
    toastError(error);
  }
}

async function refreshQuietly(view) {
  if (!view.signal.aborted) await refresh(view).catch(toastError);
}

// --- resend and its result

async function startResend(view) {
  try {
    const item = await resend(view.item, view.key, view.signal);
    if (!item) return;
    view.key = crypto.randomUUID();
    view.item = { ...view.item, ...item };
    paint(view);
    document.getElementById("resend")?.focus();
    await follow(view);
  } catch (error) {
    if (error.name === "AbortError") return;
    // The resend is refused because something has changed since the page was loaded. Show the current state.
    if (error.status === 409) await refreshQuietly(view);
    toastError(error);
  }
}

async function follow(view) {
  const started = Date.now();
  // The response to a request for a resend has no attempts: those that the page has are older.
  const to = view.item.attempt_chain?.find(({ attempt }) => attempt === view.item.attempts)?.to ?? view.item.current_contact;
  const showProgress = (text) => replace(view.news, h("div", { class: "notice" }, h("span", { class: "spinner", "aria-hidden": "true" }), h("p", {}, text)));
  const asked = view.item.host_resend;
  showProgress(asked ? t(`host_resend.${asked.state}_notice`, { to, when: moment(asked.at) }) : t("detail.resending", { to }));
  let slow = false;
  try {
    await api.poll(() => api.get(itemPath(view.id), { signal: view.signal }), ({ state }) => state !== "resending", {
      signal: view.signal,
      trouble: () => showProgress(t("detail.waiting")),
      seen: (item) => {
        const changed = JSON.stringify(item) !== JSON.stringify(view.item);
        view.item = item;
        if (changed) paint(view);
        if (!slow && item.state === "resending" && Date.now() - started > SLOW_MS) {
          slow = true;
          if (!asked) showProgress(t("detail.resending_slow"));
        }
      },
    });
    settled(view);
  } catch (error) {
    if (error.name !== "AbortError") replace(view.news, h("div", { class: "notice bad" }, sentence(error)));
  }
}

function settled({ item, news }) {
  if (item.state === "resolved") replace(news, h("div", { class: "notice good" }, icon("check"), h("p", {}, t("detail.resolved"))));
  else if (item.state === "open") {
    const text = item.host_resend ? t("host_resend.not_sent_notice", { when: moment(item.host_resend.at) }) : t("detail.returned", { reason: said(item.explanation) });
    replace(news, h("div", { class: "notice bad" }, icon("warning"), h("p", {}, text)));
  } else replace(news);
}

/** The card of the requests to the customer: painted once, and again when the item's state changes. */
function asking(view) {
  const { item } = view;
  if (!item.customer?.id) return null;
  if (view.asking?.state !== item.state + item.resend.code) {
    const element = askingCard(item.customer.id, channelsToAsk([item]), () => changedContact(view), view.signal);
    view.asking = { state: item.state + item.resend.code, element };
  }
  return view.asking.element;
}

async function changedContact(view, isResent = false) {
  view.place.querySelector(".contact form")?.remove(); // the input is saved, so the card can show the new state
  await refreshQuietly(view);
  document.getElementById("resend")?.focus();
  if (isResent && view.item.resend.allowed) startResend(view);
}

// --- the cards

function whatHappened(item) {
  const ended = { resolved: "detail.resolved", dismissed: "detail.dismissed", expired: "detail.expired" }[item.state];
  return card(t("detail.happened"),
    h("p", { class: "lead" }, said(item.explanation)),
    h("dl", { class: "facts" },
      ended ? null : [h("dt", {}, t("detail.to_do")), h("dd", {}, h("b", {}, said(item.remedy)))],
      h("dt", {}, t("detail.fault")), h("dd", {}, t(`fault.${item.fault}`))),
    ended && item.state !== "resolved" && h("p", { class: "muted" }, t(ended)),
    item.diagnostic && h("details", {}, h("summary", {}, t("detail.diagnostic")), h("pre", { dir: "ltr" }, item.diagnostic)));
}

/** The name of the actor: a user's email address without the ID in brackets, or a label for the host application or the recipient. */
function who(name) {
  return maybe(`by.${name}`) ?? name.replace(/ \([^()]*\)$/, "");
}

const GOOD = new Set(["delivered", "confirmed", "unconfirmed", "resolved"]);
const BAD = new Set(["failed", "undelivered", "bounced", "dropped", "rejected", "complained", "interrupted", "returned", "not_sent"]);

function attempts(item) {
  const chain = [...(item.attempt_chain ?? [])].reverse();
  return card(t("detail.attempts"), h("ol", { class: "timeline", reversed: true }, chain.map((one) => {
    const kind = GOOD.has(one.outcome) ? "good" : BAD.has(one.outcome) || one.reason ? "bad" : "going";
    const isAsked = one.outcome === "pending" && one.sent_by === "host";
    const outcome = isAsked ? t("detail.outcome.with_host") : (maybe(`detail.outcome.${one.outcome}`) ?? one.outcome);
    return h("li", { class: kind },
      h("p", {}, h("b", {}, outcome), one.reason && [": ", reasonName(one.reason, item.channel)]),
      h("p", {}, t("detail.to", { recipient: "" }), written(one.to)),
      h("p", { class: "muted" }, t("detail.attempt", { number: one.attempt }), " · ", h("time", { datetime: one.at }, t("detail.attempt_by", { when: moment(one.at), by: who(one.by) }))),
      one.note && h("p", { class: "muted" }, written(one.note)));
  })));
}

function messageCard(item) {
  const { content } = item;
  const element = card(t("detail.message"));
  element.classList.add("message-card");
  if (!content || (!content.text && !content.html)) {
    element.append(h("p", { class: "muted" }, t("detail.no_content")));
    return element;
  }
  const place = h("div", {});
  const shown = { html: () => messageFrame(content.html), text: () => h("div", { class: "message-text", tabindex: "0", role: "group", "aria-label": t("detail.message") }, written(content.text)) };
  const tabs = h("div", { class: "tabs", role: "group", "aria-label": t("detail.message") });
  const choose = (name) => {
    replace(place, shown[name]());
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.dataset.name === name));
  };
  const tab = (name) => h("button", { type: "button", class: "pill", "data-name": name, on: { click: () => choose(name) } }, t(`detail.as_${name}`));
  if (content.html && content.text) tabs.append(tab("html"), tab("text"));
  if (content.subject) element.append(h("p", { class: "subject" }, h("span", { class: "muted" }, t("detail.subject"), " "), h("b", {}, written(content.subject))));
  element.append(tabs.children.length ? tabs : "", place);
  choose(content.html ? "html" : "text");
  return element;
}

function attachments(view) {
  const { item } = view;
  const files = item.content?.attachments ?? [];
  if (!files.length) return null;
  return card(t("detail.attachments"),
    h("ul", { class: "record files" }, files.map((file) =>
      h("li", {},
        h("div", {}, h("b", {}, written(file.filename)), h("div", { class: "muted" }, fileSize(file.size))),
        auth.mayManage() && busyButton(t("detail.download"), { glyph: "download", "aria-label": t("detail.download_file", { name: file.filename }) }, () => download(view, file))))));
}

async function download(view, file) {
  try {
    const { url } = await api.post(itemPath(view.id, "attachments", file.number, "download"), {}, { signal: view.signal });
    h("a", { href: url, download: "", rel: "noreferrer" }).click();
    await refreshQuietly(view); // the audit trail has an entry more
  } catch (error) {
    toastError(error);
  }
}

function dates(item) {
  const line = (label, text, note) => [h("dt", {}, t(label)), h("dd", {}, h("time", { datetime: text }, moment(text)), note && h("span", { class: "muted" }, " · ", note))];
  const live = item.state === "open" || item.state === "resending";
  return card(t("detail.dates"), h("dl", {}, line("detail.sent", item.sent_at), line("detail.failed", item.failed_at), live && line("detail.leaves", item.leaves_at, relative(item.leaves_at))),
    h("p", { class: "spaced" }, h("a", { href: `#/evidence/${item.id}` }, t("detail.evidence"))));
}

function suppression(item) {
  const suppression = item.suppression;
  if (!suppression || suppression.active === false) return null;
  const reason = suppression.category
    ? t("suppressions.reason.category", { category: suppression.category })
    : maybe(`suppressions.reason.${suppression.reason}`) ?? suppression.reason;
  return card(t("detail.suppressed"),
    h("p", {}, t("detail.suppressed_text", { recipient: suppression.address ?? item.recipient, reason, since: day(suppression.since) })),
    h("p", {}, h("a", { href: "#/suppressions" }, t("nav.suppressions"))));
}

function record(item) {
  const audit = item.audit ?? [];
  const events = item.events ?? [];
  if (!audit.length && !events.length) return null;
  return card(t("detail.history"),
    audit.length > 0 && h("ul", { class: "record" }, audit.map((one) =>
      h("li", {}, h("b", {}, maybe(`record.${one.action}`) ?? one.action), " ", written(said(one.detail)), h("div", { class: "muted" }, t("detail.attempt_by", { when: moment(one.at), by: who(one.by) }))))),
    events.length > 0 && h("details", {}, h("summary", {}, t("detail.events")),
      h("ul", { class: "record" }, events.map((one) =>
        h("li", {}, h("b", {}, maybe(`detail.outcome.${one.outcome}`) ?? one.outcome ?? one.type ?? ""), one.reason && `: ${reasonName(one.reason, item.channel)}`,
          h("div", { class: "muted" }, moment(one.at), one.source && ` · ${one.source}`),
          one.diagnostic && h("pre", { dir: "ltr" }, one.diagnostic))))));
}
