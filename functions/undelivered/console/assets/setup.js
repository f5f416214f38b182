/** The first-run page: a checklist of what an account needs, with the state of each step as it is now. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { h, icon, replace } from "./dom.js";
import { moment, relative, t } from "./i18n.js";
import { announce, attempt, busyButton, loading, pageTitle, toastError } from "./ui.js";

const WAITING_MS = 4_000;
const SETTLED_MS = 30_000;
const CHANNELS = ["email", "sms"];

export async function show(page, { signal }) {
  const place = h("div", {}, loading());
  replace(page, h("a", { class: "back", href: "#/settings" }, icon("back"), t("nav.settings")), pageTitle(t("setup.title")), h("p", { class: "muted" }, t("setup.intro")), place);
  page.querySelector("h1").focus({ preventScroll: true });
  const view = { place, signal, heard: null };
  await attempt(place, () => refresh(view));
  keepFresh(view);
}

async function refresh(view) {
  const setup = await api.get("setup", { signal: view.signal });
  if (view.signal.aborted) return;
  const heard = CHANNELS.some((channel) => setup.last_events[channel]);
  if (view.heard === false && heard) announce(t("setup.feedback.done"));
  view.heard = heard;
  view.waits = setup.test?.state === "waiting";
  const shown = JSON.stringify(setup);
  if (shown === view.shown || (view.shown && view.place.contains(document.activeElement))) return;
  view.shown = shown;
  paint(view, setup);
}

/** Look again while the page is visible: often until the first event has come, then seldom. */
async function keepFresh(view) {
  try {
    for (;;) {
      await api.pause(view.heard && !view.waits ? SETTLED_MS : WAITING_MS, view.signal);
      if (!document.hidden) await refresh(view).catch((error) => error instanceof api.ApiError || Promise.reject(error));
    }
  } catch {
    // the user has left the view
  }
}

function paint(view, setup) {
  replace(view.place, h("ol", { class: "steps card" },
    step(view.heard, t("setup.feedback"), feedback(view, setup)),
    step(setup.test ? setup.test.state === "arrived" : false, t("setup.test"), test(view, setup.test)),
    step(setup.has_customers, t("setup.customers"), h("p", { class: "muted" }, t(setup.has_customers ? "setup.customers.done" : "setup.customers.help")),
      auth.mayAct() && h("a", { class: "button small", href: "#/import" }, t("setup.customers.import"))),
    auth.mayManage() && step(setup.has_colleagues, t("setup.people"), h("p", { class: "muted" }, t(setup.has_colleagues ? "setup.people.done" : "setup.people.help")),
      h("a", { class: "button small", href: "#/people" }, t("setup.people.open"))),
    step(null, t("setup.settings"), h("p", { class: "muted" }, t("setup.settings.help")),
      h("a", { class: "button small", href: "#/settings" }, t("setup.settings.open")))));
}

function feedback(view, { last_events: last }) {
  if (!view.heard) return h("p", { class: "muted" }, t("setup.feedback.waiting"));
  return CHANNELS.filter((channel) => last[channel]).map((channel) => h("p", {},
    t(`setup.last.${channel}`), " ", h("time", { datetime: last[channel], title: moment(last[channel]) }, relative(last[channel]))));
}

function test(view, last) {
  const send = auth.mayManage() && busyButton(t(last ? "setup.test.again" : "setup.test.send"), { kind: last ? "small" : "small primary" }, async () => {
    try {
      await api.post("setup/test");
      view.shown = null;
      await refresh(view);
    } catch (error) {
      toastError(error);
    }
  });
  if (!last) return [h("p", { class: "muted" }, t("setup.test.help")), send];
  const seconds = Math.max(1, Math.round((Date.parse(last.answered_at) - Date.parse(last.sent_at)) / 1000));
  const text = t(`setup.test.${last.state}`, { when: relative(last.sent_at), seconds });
  return [
    h("p", { role: "status", class: last.state === "arrived" ? "" : "muted" }, last.state === "waiting" && h("span", { class: "spinner", "aria-hidden": "true" }), text),
    last.state === "not_sent" && h("a", { href: "#/report?status=failed" }, t("setup.test.see_report")),
    last.state !== "waiting" && send,
  ];
}

/** A step of the list. `done` is null for a step that nobody can check. */
function step(done, title, ...content) {
  const state = done === null ? "open" : done ? "done" : "waiting";
  return h("li", { class: `step ${state}` },
    h("span", { class: "step-mark", "aria-hidden": "true" }, done && icon("check")),
    h("div", {},
      h("h2", {}, title, done !== null && h("span", { class: `chip ${done ? "state-resolved" : ""}` }, t(done ? "setup.state.done" : "setup.state.waiting"))),
      content));
}
