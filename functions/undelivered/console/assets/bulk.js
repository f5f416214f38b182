/**
 * Resends of many notifications: first what would happen, then the work with its progress. A large one is handed over in
 * parts, which goes on while another page of the console is open.
 */

import * as api from "./api.js";
import { h, replace, written } from "./dom.js";
import { number, t } from "./i18n.js";
import { announce, button, dialogue, errorPanel, said, sentence, toast } from "./ui.js";

const PART = 1_000; // as many as the API takes in a request
const LISTED = 20; // refused items that are named one by one
const WATCHED_MS = 120_000; // a result that comes later is shown in the report
const LIMITS = new Set(["too_many_bulk_resends", "too_many_searches"]);

/** The resend that was started last, until its panel is closed. */
let job = null;
/** How many resends of single customers are being handed over. */
let behind = 0;
window.addEventListener("beforeunload", (event) => (job?.state === "sending" || behind > 0) && event.preventDefault());

/** The resend whose progress can be shown, or null. */
export function currentJob() {
  return job;
}

/**
 * Say what a resend of {ids} or {filter} would do, and start it if the user wants that. Returns whether it was started.
 */
export async function askToResend(what) {
  const summary = h("div", { class: "preview", role: "status" }, h("p", {}, t("bulk.checking")));
  const checking = new AbortController();
  const asked = dialogue({ title: t("bulk.preview"), content: [summary], action: t("detail.resend"), submit: async () => true });
  const confirm = summary.closest("dialog").querySelector("[type=submit]");
  confirm.setAttribute("aria-disabled", "true");
  const found = newTally();
  const check = async () => {
    const seen = (part) => {
      count(found, part);
      replace(summary, h("p", {}, t("bulk.checking")), h("p", { class: "muted" }, t("bulk.checked", { n: found.accepted + found.refused })));
    };
    await inParts(what, { dry_run: true }, { signal: checking.signal, seen });
    replace(summary, found.accepted > 0 ? h("p", { class: "lead" }, t("bulk.would", { n: found.accepted })) : h("p", { class: "lead" }, t("bulk.would_none")),
      found.refused > 0 && [h("p", {}, t("bulk.would_not", { n: found.refused })), byCode(found)]);
    if (found.accepted === 0) return;
    confirm.textContent = t("bulk.send_n", { n: found.accepted });
    confirm.removeAttribute("aria-disabled");
    confirm.focus();
  };
  check().catch((error) => error.name !== "AbortError" && replace(summary, errorPanel(error)));
  const wanted = await asked;
  checking.abort();
  if (wanted) start(what, found.accepted + found.refused);
  return Boolean(wanted);
}

/** Resend without asking first. A refusal is shown with the progress. */
export function resendAtOnce(ids) {
  start({ ids }, ids.length);
}

/**
 * Resend the messages of a customer while other pages are shown. Notices with the customer's name say that it began and
 * how it ended; `href` is the customer's card.
 */
export async function resendBehind(ids, name, href) {
  const who = `\u2068${name}\u2069`; // isolated, so that its writing direction does not affect the text around it
  const say = (key, n, options) => toast(t(`bulk.behind_${key}`, { name: who, n }), { isKept: true, ...options });
  const open = { kind: "bad", action: t("bulk.behind_open"), on: () => (location.hash = href) };
  say("started", ids.length);
  try {
    behind += 1;
    const { batch_id: id, accepted, refused } = await withinLimits(() => api.post("undelivered/resend", { ids })).finally(() => (behind -= 1));
    const ask = () => api.get(`resend-batches/${encodeURIComponent(id)}`);
    const { returned } = accepted > 0 ? await api.poll(ask, ({ resending }) => resending === 0, { signal: AbortSignal.timeout(WATCHED_MS) }) : { returned: 0 };
    const failed = refused.length + returned;
    if (failed > 0) say("failed", failed, open);
    else say("done", ids.length);
  } catch (error) {
    if (error.name !== "AbortError") toast(`${who}: ${sentence(error)}`, { isKept: true, ...open });
  }
}

/** The position before the first part of {ids} or {filter}. */
function first({ ids }) {
  return ids ? 0 : "";
}

/** Send a request for each part from a position on; `seen` gets each response, and the position after it or null. */
async function inParts(what, options, { from = first(what), signal, seen, limited = () => {} }) {
  for (let position = from; position !== null; ) {
    const end = position + PART;
    const part = what.ids ? { ids: what.ids.slice(position, end) } : { filter: what.filter, limit: PART, ...(position && { cursor: position }) };
    const response = await withinLimits(() => api.post("undelivered/resend", { ...part, ...options }, { signal }), signal, limited);
    if (what.ids) position = end < what.ids.length ? end : null;
    else position = response.next_cursor;
    seen(response, position);
  }
}

/** Wait and go on when the account has had its share of a minute. */
async function withinLimits(ask, signal, limited = () => {}) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!LIMITS.has(error.code)) throw error;
      limited();
      await api.pause((error.retryAfter ?? 10) * 1000, signal);
    }
  }
}

// --- counts

function newTally() {
  return { accepted: 0, refused: 0, codes: new Map(), items: [] };
}

function count(tally, { accepted, refused, refusals }) {
  tally.accepted += accepted;
  tally.refused += refused.length;
  for (const { code, detail, count: n } of refusals) {
    const before = tally.codes.get(code)?.n ?? 0;
    tally.codes.set(code, { detail, n: before + n });
  }
  tally.items.push(...refused.slice(0, LISTED + 1 - tally.items.length));
}

/** How many are refused for which reason, the most frequent first. */
function byCode({ codes }) {
  const rows = [...codes.entries()].sort(([, one], [, other]) => other.n - one.n);
  return h("ul", { class: "record counts" }, rows.map(([code, { detail, n }]) => h("li", {}, h("b", {}, number(n)), h("span", {}, said(detail) || code))));
}

// --- the work

function start(what, total) {
  job = { what, total, position: first(what), tally: newTally(), batches: [], state: "sending", isLimited: false, watchers: new Set() };
  handOver(job);
}

/** Hand over what is left of a job. */
async function handOver(mine) {
  const changed = () => mine.watchers.forEach((watch) => watch());
  const report = (text, kind) => mine.watchers.size > 0 || toast(text, { kind, action: t("bulk.see"), on: () => (location.hash = "#/report") });
  const seen = (response, position) => {
    mine.position = position;
    mine.isLimited = false;
    count(mine.tally, response);
    if (response.accepted > 0) mine.batches.push({ id: response.batch_id, progress: null });
    changed();
  };
  const limited = () => {
    mine.isLimited = true;
    changed();
  };
  mine.state = "sending";
  changed();
  try {
    await inParts(mine.what, {}, { from: mine.position, seen, limited });
    mine.state = "sent";
    report(t("bulk.started", { n: mine.tally.accepted }));
  } catch (error) {
    mine.state = "stopped";
    mine.error = error;
    report(t("bulk.stopped"), "bad");
  }
  changed();
}

/** A panel with the progress of the resend. `titles` has the titles of items by ID, `done` is called when it is closed. */
export function jobPanel(titles, signal, done) {
  const mine = job;
  const bar = h("progress", { max: Math.max(mine.total, 1), value: 0, "aria-label": t("bulk.title") });
  const words = h("p", { class: "muted" });
  const body = h("div", { class: "job" });
  const end = h("div", { class: "row end" });
  const closed = new AbortController();
  const leave = () => {
    mine.watchers.delete(paint);
    closed.abort();
  };
  signal.addEventListener("abort", leave);
  const close = () => {
    leave();
    job = null;
    done();
  };
  const panel = h("section", { class: "card progress-card", tabindex: "-1", "aria-label": t("bulk.title") }, h("h2", {}, t("bulk.title")), body, end);
  const paint = () => {
    const { tally, state } = mine;
    const progress = sumOf(mine);
    const handled = tally.accepted + tally.refused;
    const isSettled = state !== "sending" && progress.resending === 0;
    bar.max = Math.max(state === "sent" ? handled : mine.total, 1);
    bar.value = state === "sent" ? handled - progress.resending : handled;
    words.textContent = state === "sent" ? t("bulk.progress", { done: bar.value, total: handled }) : t("bulk.handing", { done: handled, total: Math.max(mine.total, handled) });
    replace(body,
      h("p", {}, tally.accepted > 0 || state === "sending" ? t("bulk.started", { n: tally.accepted }) : t("bulk.none")),
      bar, words,
      state === "sending" && h("p", { class: "muted" }, t(mine.isLimited ? "bulk.limit" : "bulk.keep_open")),
      state === "stopped" && errorPanel(mine.error),
      state === "sent" && !isSettled && h("p", { class: "muted" }, t("bulk.goes_on")),
      state === "sent" && tally.accepted > 0 && h("div", { class: "figures" }, ["resending", "resolved", "returned"].map((name) => h("span", {}, h("b", {}, number(progress[name])), " ", t(`bulk.${name}`)))),
      tally.refused > 0 && refusals(tally, titles));
    const focused = end.contains(document.activeElement);
    replace(end,
      state === "stopped" && button(t("bulk.continue"), { kind: "small primary", on: () => handOver(mine) }),
      state !== "sending" && button(t(isSettled && state === "sent" ? "bulk.settled" : "close"), { kind: "small", on: close }));
    if (focused) (end.querySelector("button") ?? panel).focus();
    if (state === "sent" && !polling) poll();
  };
  let polling = false;
  const poll = () => {
    polling = true;
    if (mine.batches.length === 0) return;
    const ask = async () => {
      for (const batch of mine.batches.filter(({ progress }) => progress?.resending !== 0)) {
        batch.progress = await api.get(`resend-batches/${encodeURIComponent(batch.id)}`, { signal: closed.signal });
      }
      return sumOf(mine);
    };
    api.poll(ask, ({ resending }) => resending === 0, { seen: paint, signal: closed.signal })
      .then(() => announce(words.textContent))
      .catch((error) => error.name !== "AbortError" && replace(body, errorPanel(error)));
  };
  mine.watchers.add(paint);
  paint();
  return panel;
}

/** The progress of all batches of a job. What is not known yet is being resent. */
function sumOf({ tally, batches }) {
  const sum = { resolved: 0, returned: 0 };
  for (const { progress } of batches) for (const name of Object.keys(sum)) sum[name] += progress?.[name] ?? 0;
  return { ...sum, resending: tally.accepted - sum.resolved - sum.returned };
}

function refusals(tally, titles) {
  const isShort = tally.refused <= LISTED;
  return h("details", { open: tally.refused <= 3 },
    h("summary", {}, t("bulk.refused_title", { n: tally.refused })),
    isShort
      ? h("ul", { class: "record" }, tally.items.map(({ id, detail, code }) => h("li", {}, h("a", { href: `#/item/${id}` }, written(titles.get(id) || id)), " – ", said(detail) || code)))
      : byCode(tally));
}
