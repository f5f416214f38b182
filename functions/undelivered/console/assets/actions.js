/** What managers do with notifications: resend, send as a text, dismiss, restore. */

import * as api from "./api.js";
import { freshId, h } from "./dom.js";
import { number, t } from "./i18n.js";
import { complain, dialogue, field, Mistake, required, select, textInput, toast, toastError } from "./ui.js";

const AT_ONCE = 4; // requests at the same time when many items are dismissed
const TEXT_LENGTH = 1600; // as the API takes it
const DISMISSALS = ["handled", "obsolete", "left", "other"];

/** Path of an item. */
export function itemPath(id, ...rest) {
  return ["undelivered", encodeURIComponent(id), ...rest].join("/");
}

// --- resend

/**
 * Resend an item. Returns the item, which is then resending, or null if the user cancelled. `key` is the idempotency
 * key: a request that is repeated after a lost response does not resend twice.
 */
export async function resend(item, key, signal) {
  const path = itemPath(item.id, "resend");
  const submit = (body) => api.post(path, body, { idempotencyKey: crypto.randomUUID() });
  if (item.resend.code === "resend_needs_consent") return (await askConsent(item, submit)) ?? null;
  if (item.resend.resenders.length > 1) return (await askResender(item, submit)) ?? null;
  return api.post(path, {}, { idempotencyKey: key, signal });
}

function askResender(item, submit) {
  const resender = select(item.resend.resenders.map((name) => [name, t(`resender.${name}`)]), item.resend.resenders[0]);
  return dialogue({
    title: t("resender.title"),
    intro: t("resender.intro"),
    content: [field(t("resender.who"), resender)],
    action: t("detail.resend"),
    complaints: { resender },
    submit: () => submit({ resender: resender.value }),
  });
}

function askConsent(item, submit) {
  const givenBy = textInput(item.customer?.name ?? "", { maxlength: "200", autocomplete: "off" });
  const how = select(["in_person", "phone", "writing", "form"].map((name) => [name, t(`consent.how.${name}`)]), "in_person");
  const now = localMoment(new Date());
  const at = h("input", { type: "datetime-local", value: now, max: now });
  const note = h("textarea", { maxlength: "500", rows: "2" });
  const sure = h("input", { type: "checkbox", id: freshId("sure") });
  const complaint = h("div", { class: "complaint", id: `${sure.id}-complaint`, role: "alert" });
  return dialogue({
    title: t("consent.title"),
    intro: t("consent.intro"),
    content: [
      field(t("consent.given_by"), givenBy),
      h("div", { class: "two" }, field(t("consent.how"), how), field(t("consent.at"), at)),
      field(t("consent.note"), note, { help: t("consent.note_help") }),
      h("div", { class: "field" }, h("label", { class: "check", for: sure.id }, sure, t("consent.sure")), complaint),
    ],
    action: t("consent.action"),
    complaints: { "consent.given_by": givenBy, "consent.how": how, "consent.at": at, note },
    submit: async () => {
      const consent = { given_by: required(givenBy), how: how.value, at: rfc3339(required(at)) };
      if (!sure.checked) throw new Mistake(sure, t("consent.sure_missing"));
      complain(sure);
      return submit({ consent, ...(note.value.trim() && { note: note.value.trim() }) });
    },
  });
}

/** A time as the value of a datetime-local input, in the time zone of the user's device. */
export function localMoment(when) {
  return new Date(when.getTime() - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The value of a datetime-local input, in the format of the API. */
export function rfc3339(local) {
  return new Date(local).toISOString().replace(/\.\d+/, "");
}

// --- send as a text

/** Ask for a text and send it to a phone number instead of the email of an item. Returns whether it was done. */
export async function sendAsText({ id }, phone) {
  const { content } = await api.get(itemPath(id));
  const held = content && !content.html ? content.text.slice(0, TEXT_LENGTH) : "";
  const text = h("textarea", { rows: "7", maxlength: String(TEXT_LENGTH), value: held });
  const done = await dialogue({
    title: t("text.title"),
    intro: t("text.intro", { phone }),
    content: [field(t("text.label"), text, { help: t("text.help", { n: number(TEXT_LENGTH) }) })],
    action: t("text.send"),
    complaints: { text },
    submit: async () => {
      await api.post(itemPath(id, "text"), { text: required(text) });
      return true;
    },
  });
  if (done) toast(t("text.done", { phone }));
  return Boolean(done);
}

// --- dismiss

/**
 * Ask for a reason, dismiss items and offer to undo; `changed` is called after an undo. `note` is shown in the dialogue.
 * Returns whether it was done.
 */
export async function dismiss(items, changed, note) {
  const words = h("textarea", { rows: "2", maxlength: "400" });
  const inWords = field(t("dismiss.words"), words);
  inWords.hidden = true;
  let reason = DISMISSALS[0];
  const choose = (name) => {
    reason = name;
    inWords.hidden = name !== "other";
  };
  const reasons = DISMISSALS.map((name) => h("label", { class: "check" },
    h("input", { type: "radio", name: "dismissal", checked: name === reason, on: { change: () => choose(name) } }), t(`dismiss.reason.${name}`)));
  const done = await dialogue({
    title: t("dismiss.title", { n: items.length }),
    intro: t("dismiss.intro"),
    content: [note && h("p", { class: "help" }, note), h("fieldset", { class: "field" }, h("legend", {}, t("dismiss.reason")), reasons), inWords],
    action: t("dismiss.action"),
    complaints: { reason: words },
    submit: async () => {
      const why = reason === "other" ? required(words) : t(`dismiss.reason.${reason}`);
      await eachOf(items, (item) => api.post(itemPath(item.id, "dismiss"), { reason: why }));
      return true;
    },
  });
  if (!done) return false;
  toast(t("dismiss.done", { n: items.length }), {
    action: t("dismiss.undo"),
    on: async () => {
      try {
        await restore(items);
        await changed();
        toast(t("dismiss.undone"));
      } catch (error) {
        toastError(error);
      }
    },
  });
  return true;
}

/** Put dismissed items back on the report. */
export function restore(items) {
  return eachOf(items, (item) => api.post(itemPath(item.id, "restore"), {}));
}

/** Call a function for each item, a few at a time; stops at the first error. */
async function eachOf(items, work) {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
