/** What people arranged about a customer: a note, an owner, and the day to look again. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { customerPath } from "./contact.js";
import { freshId, h, replace, written } from "./dom.js";
import { calendarDate, moment, t } from "./i18n.js";
import { button, card, field, showFormError, textInput, toast } from "./ui.js";

/** The follow-up of a customer, with a form to change it. */
export function followUpCard(customer) {
  const body = h("div", {});
  let current = customer.follow_up;
  const read = () => {
    const { note, owner, look_again_on: day, audit } = current;
    const line = (label, value) => value && [h("dt", {}, t(label)), h("dd", {}, value)];
    const isEmpty = !note && !owner && !day;
    replace(body,
      note && h("p", { class: "note" }, written(note)),
      isEmpty ? h("p", { class: "muted" }, t("follow_up.none")) : h("dl", {}, line("follow_up.owner", owner && written(owner)), line("follow_up.look_again", day && calendarDate(day))),
      auth.mayAct() && h("div", { class: "row spaced" }, button(t("follow_up.edit"), { glyph: "edit", kind: "small edit", on: edit })),
      audit.length > 0 && h("details", {}, h("summary", {}, t("follow_up.history")), h("ul", { class: "record" }, [...audit].reverse().map(change))));
  };
  const edit = () => {
    const leave = () => {
      read();
      body.querySelector(".edit").focus();
    };
    const saved = (answer) => {
      current = answer;
      leave();
    };
    replace(body, form(customer.id, current, { leave, saved }));
    body.querySelector("textarea").focus();
  };
  read();
  return card(t("follow_up.title"), body);
}

function change({ at, by, detail }) {
  return h("li", {}, detail ? written(detail) : t("follow_up.removed"), h("div", { class: "muted" }, t("detail.attempt_by", { when: moment(at), by: by.replace(/ \([^()]*\)$/, "") })));
}

function form(id, { note, owner, look_again_on: day }, { leave, saved }) {
  const people = h("datalist", { id: freshId("people") });
  const controls = {
    note: h("textarea", { rows: "3", maxlength: "1000" }, note ?? ""),
    owner: textInput(owner ?? "", { maxlength: "200", autocomplete: "off", spellcheck: "false", list: people.id }),
    look_again_on: h("input", { type: "date", value: day ?? "" }),
  };
  suggestPeople(people);
  const trouble = h("div", {});
  const send = h("button", { type: "submit", class: "button primary" }, t("save"));
  return h("form", {
    novalidate: true,
    on: {
      submit: async (event) => {
        event.preventDefault();
        if (send.getAttribute("aria-disabled")) return;
        send.setAttribute("aria-disabled", "true");
        replace(trouble);
        const values = Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value.trim() || null]));
        try {
          saved(await api.request("PUT", `${customerPath(id)}/follow-up`, { body: values }));
          toast(t("follow_up.saved"));
        } catch (error) {
          showFormError(error, trouble, controls);
        } finally {
          send.removeAttribute("aria-disabled");
        }
      },
    },
  },
  field(t("follow_up.note"), controls.note, { help: t("follow_up.note_help") }),
  field(t("follow_up.owner"), controls.owner, { help: t("follow_up.owner_help") }),
  people,
  field(t("follow_up.look_again"), controls.look_again_on),
  trouble,
  h("div", { class: "row end" }, button(t("cancel"), { on: leave }), send));
}

/** Suggest oneself, and the colleagues where the account's people are managed here. */
async function suggestPeople(list) {
  const add = (email) => list.append(h("option", { value: email }));
  const { email: me } = auth.person();
  if (me) add(me);
  if (!auth.mayManage()) return;
  const { people } = await api.get("people").catch(() => ({ people: [] }));
  for (const { email } of people) if (email !== me) add(email);
}
