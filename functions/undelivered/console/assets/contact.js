/** A customer's contacts, shown and edited in place. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { h, icon, replace, written } from "./dom.js";
import { moment, t } from "./i18n.js";
import { customerHref } from "./place.js";
import { offerSpelling } from "./spelling.js";
import { button, card, complain, field, loading, said, showFormError, textInput, toast } from "./ui.js";

/** Path of a customer. */
export function customerPath(id) {
  return `customers/${encodeURIComponent(id)}`;
}

/**
 * The customer's contact for an item's channel, with a form to edit it. `changed` is called after a change is saved, as
 * `saved` of the form is.
 */
export function contactCard(item, changed, signal) {
  const element = card(t("detail.customer"));
  element.classList.add("contact");
  if (!item.customer?.id) {
    element.append(h("p", { class: "muted" }, t("detail.no_customer")));
    return element;
  }
  const body = h("div", {});
  element.append(body);
  const read = () => {
    const contact = item.current_contact;
    const differs = item.ready_to_resend || (contact && !hasFailedAt(item, contact));
    replace(body,
      h("p", {}, h("a", { href: customerHref(item.customer.id) }, written(item.customer.name || item.customer.id))),
      h("h3", {}, t("detail.contact")),
      h("p", { class: "contact-now" }, contact ? written(contact) : t("detail.no_contact")),
      contact && h("p", { class: "muted" }, t(differs ? "detail.changed" : "detail.unchanged")),
      auth.mayAct() && item.suggestion && !differs && suggestion(item, edit),
      auth.mayAct() && h("div", { class: "row" }, button(t(contact ? "detail.edit" : "detail.add_contact"), { glyph: "edit", kind: "small edit", on: () => edit() })));
  };
  const edit = async (proposal) => {
    replace(body, loading());
    try {
      const customer = await api.get(customerPath(item.customer.id), { signal });
      replace(body, contactForm(customer, { proposal: proposal && { [item.channel === "sms" ? "phone" : "email"]: proposal }, focus: item.channel === "sms" ? "phone" : "email", resend: item.resend.code === "resend_needs_changed_address" && t("contact.resend"), cancelled: () => leave(), saved: changed }));
      body.querySelector("[data-first]").focus();
    } catch (error) {
      if (error.name === "AbortError") return;
      leave();
      showFormError(error, body.appendChild(h("div", {})));
    }
  };
  const leave = () => {
    read();
    body.querySelector(".edit")?.focus();
  };
  read();
  return element;
}

/** Whether the message failed at an address, in any of its attempts. */
function hasFailedAt(item, address) {
  const failed = (item.attempt_chain ?? []).filter(({ outcome }) => outcome === "failed" || outcome === "complained");
  return [item.recipient, ...failed.map(({ to }) => to)].some((to) => to.toLowerCase() === address.toLowerCase());
}

function suggestion(item, edit) {
  return h("div", { class: "suggestion" },
    h("span", {}, t("detail.did_you_mean", { suggestion: item.suggestion })),
    button(t("use_suggestion", { suggestion: item.suggestion }), { kind: "small", on: () => edit(item.suggestion) }));
}

/**
 * A form for a customer's contacts; sends only changed values. `resend` is the label of the button that also resends what
 * becomes ready, if there is such a button. `saved` gets the API's answer, and whether to resend. A user can keep a phone
 * number that is not assigned.
 */
export function contactForm(customer, { proposal = {}, focus = "email", resend = null, cancelled, saved }) {
  const name = textInput(customer.name ?? "", { maxlength: "200", autocomplete: "off" });
  const email = h("input", { type: "email", value: proposal.email ?? customer.email ?? "", maxlength: "320", autocomplete: "off", spellcheck: "false", "data-first": focus === "email" });
  const phone = h("input", { type: "tel", value: proposal.phone ?? customer.phone ?? "", maxlength: "40", autocomplete: "off", "data-first": focus === "phone" });
  const controls = { name, email, phone };
  const trouble = h("div", {});
  const send = h("button", { type: "submit", class: "button primary" }, resend ?? t("save"));
  const onlySave = resend && button(t("save"), { on: () => submit(onlySave) });
  let pressed = null;
  let isBusy = false;
  let keptNumber = "";
  const keepNumberButton = () => button(t("contact.use_number_anyway"), {
    kind: "small",
    on: () => {
      keptNumber = phone.value;
      submit(pressed);
    },
  });
  const changes = () => {
    const body = {};
    for (const [field, control] of Object.entries(controls)) {
      const text = control.value.trim();
      if (text !== (customer[field] ?? "")) body[field] = text || null;
    }
    return body;
  };
  const submit = async (by) => {
    if (isBusy) return;
    pressed = by;
    for (const control of Object.values(controls)) complain(control);
    replace(trouble);
    const body = changes();
    if (Object.keys(body).length === 0) return cancelled();
    if (body.phone && phone.value === keptNumber) body.accept_unassigned_number = true;
    isBusy = true;
    by.setAttribute("aria-disabled", "true");
    by.classList.add("busy");
    try {
      if (body.email && (await askSpelling(t("save_again")))) return;
      const answer = await api.request("PATCH", customerPath(customer.id), { body });
      const n = answer.ready_to_resend?.length ?? 0;
      const isResent = by === send && Boolean(resend) && n > 0;
      if (!isResent) toast(n > 0 ? t("contact.saved_ready", { n }) : t("contact.saved"));
      await saved(answer, isResent);
    } catch (error) {
      showFormError(error, trouble, controls, error.code === "unassigned_number" && keepNumberButton());
    } finally {
      isBusy = false;
      by.removeAttribute("aria-disabled");
      by.classList.remove("busy");
    }
  };
  const form = h("form", {
    novalidate: true,
    on: {
      submit: (event) => {
        event.preventDefault();
        submit(send);
      },
      keydown: (event) => {
        if (event.key === "Escape") cancelled();
      },
    },
  },
  field(t("contact.name"), name),
  field(t("contact.email"), email),
  field(t("contact.phone"), phone, { help: t("contact.phone_help") }),
  trouble,
  h("div", { class: "row end" }, button(t("cancel"), { on: cancelled }), onlySave, send));
  const askSpelling = offerSpelling(email);
  return form;
}

/** The time when a contact last changed, if it has changed. */
export function changedOn(when) {
  return when ? h("span", { class: "muted" }, " · ", t("customers.changed_on", { when: moment(when) })) : null;
}
