/** Ask a customer to correct a contact, and what became of it. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { customerPath } from "./contact.js";
import { h, replace, written } from "./dom.js";
import { LANGUAGES, loadTexts, moment, t } from "./i18n.js";
import { busyButton, card, field, select, textInput, toast, toastError } from "./ui.js";

/**
 * A card that asks for the contacts of some channels, and shows the requests to a customer. It is hidden while it has
 * nothing to show. `changed` is called after a correction is undone.
 */
export function askingCard(customerId, channels, changed, signal) {
  const element = h("div", { hidden: true });
  const path = `${customerPath(customerId)}/contact-requests`;
  const refresh = async () => {
    const [{ contact_requests: asked }] = await Promise.all([api.get(path, { signal }), loadTexts("asking")]);
    paint(element, asked.reverse(), channels, { ask: (channel) => ask(channel), undo: (id) => undo(id) });
  };
  const act = (work) => work().then(refresh).catch((error) => error.name !== "AbortError" && toastError(error));
  const ask = (channel) => act(async () => {
    const asked = await api.post(path, { channel }, { signal });
    const waits = Date.parse(asked.sends_at) > Date.now();
    toast(waits ? t("asking.waits", { when: moment(asked.sends_at) }) : t("asking.asked", { to: asked.to }));
  });
  const undo = (id) => act(async () => {
    await api.post(`${path}/${encodeURIComponent(id)}/undo`, {}, { signal });
    toast(t("asking.undone"));
    await changed();
  });
  // The page is complete without this card, so an error leaves it hidden.
  refresh().catch(() => {});
  return element;
}

function paint(element, asked, channels, { ask, undo }) {
  const open = new Set(asked.filter(({ state }) => state === "open").map(({ channel }) => channel));
  const wanted = auth.mayAct() ? channels.filter((channel) => !open.has(channel)) : [];
  element.hidden = asked.length === 0 && wanted.length === 0;
  if (element.hidden) return replace(element);
  replace(element, card(t("asking.title"),
    wanted.length > 0 && [
      h("p", { class: "muted" }, t("asking.help")),
      h("div", { class: "row spaced" }, wanted.map((channel) => busyButton(t(`asking.${channel}`), { kind: "small" }, () => ask(channel)))),
    ],
    asked.length > 0 && h("ul", { class: "record" }, asked.map((one) => line(one, undo)))));
}

function line(one, undo) {
  // A code was sent to a contact from the page or from a reply.
  const state = one.state === "open" && one.codes > 0 ? "entered" : one.state;
  const waits = one.state === "open" && Date.parse(one.sends_at) > Date.now();
  return h("li", {},
    h("b", {}, t(`asking.state.${state}`)),
    one.corrected_to && h("div", {}, t("asking.new", { contact: "" }), written(one.corrected_to)),
    h("div", { class: "muted" }, t("asking.to", { to: "" }), written(one.to), " · ", h("time", { datetime: one.asked_at }, moment(one.asked_at))),
    waits && h("div", { class: "muted" }, t("asking.waits", { when: moment(one.sends_at) })),
    one.state === "corrected" && auth.mayAct() && busyButton(t("asking.undo"), { kind: "small" }, () => undo(one.id)));
}

/** The channels whose contact only the customer can correct, of items of a customer. */
export function channelsToAsk(items) {
  const failed = items.filter(({ state, resend }) => state === "open" && resend.code === "resend_needs_changed_address");
  return [...new Set(failed.map(({ channel }) => channel))];
}

/** The part of the settings about asking, whose texts are loaded before: its card, its controls by the names of their fields, and their values. */
export function askingSettings(settings, locked) {
  const { sender_name: name, monthly_limit: limit, quiet_from: from, quiet_until: until, automatic, resend } = settings;
  const hours = Array.from({ length: 24 }, (_, hour) => [String(hour), `${String(hour).padStart(2, "0")}:00`]);
  const limits = Array.from({ length: 10 }, (_, index) => [String(index + 1), String(index + 1)]);
  const box = (checked) => h("input", { type: "checkbox", checked, disabled: locked });
  const controls = {
    sender_name: textInput(name, { maxlength: "40", readonly: locked, autocomplete: "off" }),
    monthly_limit: select(limits, String(limit), { disabled: locked }),
    quiet_from: select(hours, String(from), { disabled: locked }),
    quiet_until: select(hours, String(until), { disabled: locked }),
    automatic: box(automatic),
    resend: box(resend),
  };
  const wordings = Object.entries(LANGUAGES).map(([language, name]) => {
    const known = settings.wordings.find((one) => one.language === language);
    return { language, name, control: h("textarea", { rows: "2", maxlength: "300", readonly: locked, lang: language, value: known?.text ?? "" }) };
  });
  const places = { name: "{name}", link: "{link}", contact: "{contact}" };
  const labelled = (key) => field(t(`asking.${key}`), controls[key]);
  const element = card(t("asking.settings"),
    field(t("asking.sender_name"), controls.sender_name, { help: t("asking.sender_name_help") }),
    labelled("monthly_limit"),
    h("div", { class: "two" }, labelled("quiet_from"), labelled("quiet_until")),
    h("details", {}, h("summary", {}, t("asking.wordings")),
      h("p", { class: "muted" }, t("asking.wordings_help", places)),
      wordings.map(({ name, control }) => field(name, control))),
    h("label", { class: "check" }, controls.automatic, t("asking.automatic")),
    h("label", { class: "check" }, controls.resend, t("asking.resend")));
  const values = () => ({
    sender_name: controls.sender_name.value.trim(),
    monthly_limit: Number(controls.monthly_limit.value),
    quiet_from: Number(controls.quiet_from.value),
    quiet_until: Number(controls.quiet_until.value),
    automatic: controls.automatic.checked,
    resend: controls.resend.checked,
    wordings: wordings.filter(({ control }) => control.value.trim()).map(({ language, control }) => ({ language, text: control.value.trim() })),
  });
  // A box has no place for a complaint, and needs none.
  const complained = Object.entries(controls).filter(([, control]) => control.type !== "checkbox");
  return { element, controls: Object.fromEntries(complained.map(([key, control]) => [`contact_requests.${key}`, control])), values };
}
