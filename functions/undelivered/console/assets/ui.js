/** Parts that all views use: buttons, chips, dialogues, notices and error messages. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { freshId, h, icon, replace } from "./dom.js";
import { maybe, number, t, translated } from "./i18n.js";

// --- words

/** A sentence from the API, which is in English, in the current language if there is a translation. */
export function said(text) {
  return translated(text) ?? "";
}

/** The status of an item, in two or three words. */
export function reasonName(reason, channel) {
  return maybe(`reason.${channel}.${reason}`) ?? maybe(`reason.${reason}`) ?? String(reason ?? "").replaceAll("_", " ");
}

/** The class of an item as filters name it: "bounced.hard", "invalid", … */
export function classOf(item) {
  return item.kind ? `${item.status}.${item.kind}` : item.status;
}

/** The name of a channel. */
export function channelName(channel) {
  return t(`channel.${channel}`);
}

/** Announce a text to screen readers. */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  announcer.textContent = "";
  setTimeout(() => (announcer.textContent = text), 50); // screen readers read a changed text, but not always a replaced text
}

/** Focus the heading of the page if what had the focus is gone, so that the keyboard goes on from there. */
export function keepFocus() {
  if (document.activeElement === document.body) (document.querySelector("#main h1") ?? document.getElementById("main"))?.focus({ preventScroll: true });
}

// --- small pieces

export function button(label, { kind = "", glyph, on, ...attributes } = {}) {
  const content = [glyph && icon(glyph), h("span", {}, label)];
  return h("button", { type: "button", class: `button ${kind}`.trim(), on: { click: on }, ...attributes }, content);
}

/** A button that shows progress and ignores clicks until its action is done. */
export function busyButton(label, options, work) {
  const element = button(label, {
    ...options,
    on: async (event) => {
      if (element.getAttribute("aria-disabled") === "true") return;
      element.setAttribute("aria-disabled", "true");
      element.classList.add("busy");
      try {
        await work(event);
      } finally {
        element.removeAttribute("aria-disabled");
        element.classList.remove("busy");
      }
    },
  });
  return element;
}

export function statusChip(item) {
  const name = classOf(item);
  return h("span", { class: `chip status-${name.replace(".", "-")}` }, t(`status.${name}`));
}

export function stateChip(item) {
  if (item.host_resend) return h("span", { class: `chip state-${item.host_resend.state}` }, t(`host_resend.${item.host_resend.state}`));
  if (item.state === "open") return item.ready_to_resend ? h("span", { class: "chip ready" }, t("ready")) : null;
  return h("span", { class: `chip state-${item.state}` }, t(`state.${item.state}`));
}

export function channelIcon(channel, name = channelName(channel)) {
  return h("span", { class: "channel" }, icon(channel === "sms" ? "sms" : "email"), h("span", {}, name));
}

export function loading() {
  return h("div", { class: "loading", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), t("loading"));
}

export function empty(title, help, ...actions) {
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), h("p", {}, help), h("div", { class: "row" }, actions));
}

export function card(title, ...content) {
  const id = freshId("card");
  return h("section", { class: "card", "aria-labelledby": id }, h("h2", { id }, title), content);
}

/** The heading of a page. It gets the focus when the page changes. */
export function pageTitle(...content) {
  return h("h1", { tabindex: "-1" }, content);
}

/** A labelled field. `control` gets an id, the help text and later the error message. */
export function field(label, control, { help } = {}) {
  const id = (control.id ||= freshId("field"));
  const helpId = help && `${id}-help`;
  if (helpId) control.setAttribute("aria-describedby", helpId);
  const complaint = h("div", { class: "complaint", id: `${id}-complaint`, role: "alert" });
  return h("div", { class: "field" }, h("label", { for: id }, label), control, help && h("p", { class: "help", id: helpId }, help), complaint);
}

/** Show or remove the error message of a field. `content` may contain a button with the likely spelling. */
export function complain(control, ...content) {
  const complaint = document.getElementById(`${control.id}-complaint`) ?? control.parentElement.querySelector(".complaint");
  replace(complaint, content);
  const wrong = content.length > 0;
  if (wrong) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
  const described = [`${control.id}-help`, wrong && complaint.id].filter((id) => id && (id === complaint.id || document.getElementById(id)));
  if (described.length) control.setAttribute("aria-describedby", described.join(" "));
  else control.removeAttribute("aria-describedby");
}

export function select(options, value, attributes = {}) {
  return h("select", { ...attributes, value }, options.map(([key, label]) => h("option", { value: key }, label)));
}

export function textInput(value = "", attributes = {}) {
  return h("input", { type: "text", value, ...attributes });
}

// --- errors

/** Return a sentence for an error. */
export function sentence(error) {
  if (!(error instanceof api.ApiError)) return t("error.unknown");
  if (error.status === 0) return navigator.onLine ? t("error.unreachable") : t("error.offline");
  // API Gateway's own response for a path that does not exist.
  if ((error.status === 403 || error.status === 404) && !error.code) return t("error.missing");
  if (error.code === "export_not_allowed") return t("error.export_not_allowed");
  if (error.status === 403) return t("error.forbidden");
  if (error.status === 404) return t("error.not_found");
  if (error.code === "too_many_exports") return t("error.too_many_exports");
  if (error.code === "too_many_searches") return t("error.too_many_searches", { seconds: error.retryAfter });
  if (error.code === "too_many_bulk_resends") return t("error.too_many_bulk_resends", { seconds: error.retryAfter });
  if (error.status === 429 || error.status === 503) return t("error.busy");
  if (error.status === 413) return said(error.detail) || t("error.too_large");
  if (error.status === 502 && error.code) return said(error.detail);
  if (error.status >= 500) return t("error.server");
  if (error.status === 400 && error.errors[0]) return t("error.of_field", { field: error.errors[0].field, message: complaintOf(error.errors[0].message) });
  return said(error.detail) || t("error.unknown");
}

/** An error message with a button to try again. */
export function errorPanel(error, again) {
  const reference = error.requestId && error.status >= 500 && h("p", { class: "muted" }, t("error.reference", { id: error.requestId }));
  return h(
    "div",
    { class: "notice bad", role: "alert" },
    icon("warning"),
    h("div", {}, h("p", {}, sentence(error)), reference, again && button(t("try_again"), { on: again, kind: "small" })),
  );
}

/** Run a part of a view. If it fails, show the error in its place, unless the view was aborted. */
export async function attempt(place, work) {
  try {
    await work();
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof api.ApiError)) console.error(error);
    replace(place, errorPanel(error, () => {
      replace(place, loading());
      attempt(place, work);
    }));
    if (!document.querySelector("#main h1")) place.prepend(pageTitle(t("error.title")));
  }
}

// --- notices

const PASSES_MS = 10_000;
const MOST_TOASTS = 3;

/**
 * Show a notice. A notice with an action or an error stays until it is closed or replaced. Other notices disappear
 * after a while. `isKept` is for notices about another page: they outlive this page, and errors also the next notices.
 */
export function toast(text, { action, on, kind = "", isKept = false } = {}) {
  let shelf = document.getElementById("toasts");
  if (!shelf) document.body.append((shelf = h("div", { id: "toasts", role: "region", "aria-label": t("notices") })));
  const close = () => element.remove();
  const act = action && busyButton(action, { kind: "small" }, async () => {
    await on();
    close();
    keepFocus();
  });
  const element = h(
    "div",
    { class: `toast ${kind}`, "data-page": isKept ? null : pageOf(location.hash) },
    h("p", {}, text),
    act,
    h("button", { type: "button", class: "plain", "aria-label": t("close"), on: { click: close } }, icon("close")),
  );
  for (const one of shelf.querySelectorAll(".toast:not(.bad), .toast[data-page]")) one.remove();
  if (shelf.children.length === MOST_TOASTS) shelf.firstElementChild.remove();
  shelf.append(element);
  if (!act && kind !== "bad") setTimeout(close, PASSES_MS);
  announce(text);
  return element;
}

/** Remove the notices of other pages. */
export function clearToasts() {
  for (const one of document.querySelectorAll(".toast[data-page]")) if (one.dataset.page !== pageOf(location.hash)) one.remove();
}

/** The page of a URL's fragment, without its filters. */
function pageOf(fragment) {
  return fragment.replace(/^#?\/?/, "").split("?")[0];
}

/** Show an error as a notice. */
export function toastError(error) {
  if (error.name === "AbortError") return;
  if (!(error instanceof api.ApiError)) console.error(error);
  toast(sentence(error), { kind: "bad" });
}

// --- dialogues

/**
 * Ask for input in a dialogue. If `submit` throws an ApiError, the dialogue shows it and keeps the input. Resolves with
 * the result of `submit`, or undefined if the user closes the dialogue.
 */
export function dialogue({ title, intro, content = [], action, kind = "primary", submit, complaints = {}, cancel = t("cancel") }) {
  return new Promise((resolve) => {
    const id = freshId("dialogue");
    const trouble = h("div", {});
    const confirm = h("button", { type: "submit", class: `button ${kind}` }, action);
    let result;
    const form = h(
      "form",
      {
        method: "dialog",
        novalidate: true,
        on: {
          submit: async (event) => {
            event.preventDefault();
            if (confirm.getAttribute("aria-disabled")) return;
            confirm.setAttribute("aria-disabled", "true");
            confirm.classList.add("busy");
            replace(trouble);
            try {
              result = await submit();
              element.close();
            } catch (error) {
              showFormError(error, trouble, complaints);
            } finally {
              confirm.removeAttribute("aria-disabled");
              confirm.classList.remove("busy");
            }
          },
        },
      },
      h("h2", { id }, title),
      intro && h("p", {}, intro),
      content,
      trouble,
      h("div", { class: "row end" }, button(cancel, { on: () => element.close() }), confirm),
    );
    const element = h("dialog", { "aria-labelledby": id, on: { close: () => finish(), keydown: goRound } }, form);
    const finish = () => {
      element.remove();
      resolve(result);
    };
    document.body.append(element);
    element.showModal();
  });
}

/** Let Tab go round a dialogue. Browsers would go on to their own toolbar. */
function goRound(event) {
  if (event.key !== "Tab") return;
  const stops = [...event.currentTarget.querySelectorAll("a, button, input:not([type=radio]:not(:checked)), select, textarea")].filter((one) => one.checkVisibility());
  const [end, start] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  if (document.activeElement !== end) return;
  event.preventDefault();
  start.focus();
}

/**
 * Show the field errors of an API error beside their fields, and the others in `place`. `override`
 * is a button that sends a refused value again, for values that the API then accepts.
 */
export function showFormError(error, place, controls = {}, override = null) {
  if (error instanceof Mistake) {
    complain(error.control, error.message);
    error.control.focus();
    return;
  }
  if (!(error instanceof api.ApiError)) console.error(error);
  let firstInvalid = null;
  for (const { field: name, message, suggestion } of error.errors ?? []) {
    const control = controls[name.replace(/\[\d+\]$/, "")]; // an error of a list's entry is shown at the list
    if (!control) continue;
    const use = suggestion && button(t("use_suggestion", { suggestion }), {
      kind: "small",
      on: () => {
        control.value = suggestion;
        complain(control);
        control.focus();
      },
    });
    complain(control, complaintOf(message), use || override);
    firstInvalid ??= control;
  }
  if (firstInvalid) firstInvalid.focus();
  else replace(place, errorPanel(error));
}

/** An error in a field that the page itself finds, shown beside the field. */
export class Mistake extends Error {
  constructor(control, text) {
    super(text);
    this.control = control;
  }
}

/** Give a control's text; throws a Mistake when there is none. */
export function required(control) {
  const text = control.value.trim();
  if (!text) throw new Mistake(control, t("error.required"));
  complain(control);
  return text;
}

/** The API says what is wrong as the rest of a sentence about the field: "is required". */
export function complaintOf(message) {
  const text = said(message);
  if (/^(is|must|lies|has|may|holds|comes) /.test(message)) return t("error.this", { message: text });
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Ask for signing in again, over the page as it is. Resolves once that is done. */
export function sessionEnded() {
  pending ??= new Promise((resolve) => {
    const id = freshId("dialogue");
    const trouble = h("div", { role: "alert" });
    const embedded = auth.isEmbedded();
    const again = busyButton(t(embedded ? "try_again" : "sign_in_again"), { kind: "primary", autofocus: true }, async () => {
      try {
        await auth.signInAgain();
        element.close();
        element.remove();
        pending = null;
        resolve();
      } catch (error) {
        replace(trouble, h("p", { class: "complaint" }, t(error.message === "popup" ? "session.popup" : embedded ? "embed.text" : "session.failed")));
      }
    });
    const whole = !embedded && button(t("session.leave"), { on: () => auth.signIn() });
    const element = h(
      "dialog",
      { "aria-labelledby": id, on: { cancel: (event) => event.preventDefault(), keydown: goRound } },
      h("h2", { id }, t("session.title")),
      h("p", {}, t(embedded ? "embed.text" : "session.text")),
      trouble,
      h("div", { class: "row end" }, whole, again),
    );
    document.body.append(element);
    element.showModal();
  });
  return pending;
}

let pending = null;

// --- figures

/** A figure with its name, as a link when there is more to see. */
export function figure(value, label, { href, note } = {}) {
  const shown = typeof value === "number" ? number(value) : value;
  const content = [h("span", { class: "figure-value" }, shown), h("span", { class: "figure-label" }, label)];
  return h("div", { class: "figure" }, href ? h("a", { href }, content) : content, note && h("p", { class: "muted" }, note));
}

