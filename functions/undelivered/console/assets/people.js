/** The people of the account: invite colleagues, change their roles, remove them. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { address, h, icon, replace } from "./dom.js";
import { day, relative, t } from "./i18n.js";
import { attempt, button, busyButton, dialogue, field, loading, Mistake, pageTitle, required, select, textInput, toast, toastError } from "./ui.js";

const ROLES = ["viewer", "manager"];

export async function show(page, { signal }) {
  const place = h("div", {}, auth.mayManage() ? loading() : h("p", { class: "muted" }, t(auth.mayAct() ? "embed.settings" : "people.managers_only")));
  const view = { place, signal };
  replace(page,
    h("a", { class: "back", href: "#/settings" }, icon("back"), t("nav.settings")),
    h("div", { class: "detail-head" },
      h("div", {}, pageTitle(t("people.title")), h("p", { class: "muted" }, t("people.intro")),
        auth.mayManage() && h("a", { href: "#/audit" }, t("audit.title"))),
      auth.mayManage() && h("div", { class: "actions" }, button(t("people.invite"), { kind: "primary", on: () => invite(view) }))),
    place);
  page.querySelector("h1").focus({ preventScroll: true });
  view.reload = () => attempt(place, async () => paint(view, (await api.get("people", { signal })).people));
  if (auth.mayManage()) await view.reload();
}

function paint(view, people) {
  replace(view.place, h("div", { class: "card list-card" },
    h("table", { class: "list people", role: "table" },
      h("caption", { class: "unseen" }, t("people.table")),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
        ["person", "role", "state", "actions"].map((name) => h("th", { role: "columnheader", scope: "col" }, name === "actions" ? h("span", { class: "unseen" }, t("people.col.actions")) : t(`people.col.${name}`))))),
      h("tbody", { role: "rowgroup" }, people.map((person) => row(view, person))))));
}

function row(view, person) {
  const cell = (content, attributes = {}) => h("td", { role: "cell", ...attributes }, content);
  return h("tr", { role: "row" },
    cell([h("b", {}, address(person.email)), person.is_you && h("span", { class: "muted" }, ` ${t("people.you")}`)], { class: "title-cell" }),
    cell(roleChoice(view, person), { class: "status-cell" }),
    cell(state(person), { class: "reason-cell" }),
    cell(actions(view, person), { class: "end-cell" }));
}

function roleChoice(view, person) {
  if (person.is_you || person.state === "removing") return t(`role.${person.role}`);
  const control = select(ROLES.map((role) => [role, t(`role.${role}`)]), person.role, { "aria-label": t("people.role_of", { email: person.email }) });
  control.addEventListener("change", () => act(view, async () => {
    await api.request("PATCH", pathOf(person), { body: { role: control.value } });
    toast(t("people.role_changed", { email: person.email, role: t(`role.${control.value}`) }));
  }));
  return control;
}

const pathOf = (person) => `people/${encodeURIComponent(person.person_id)}`;

function state(person) {
  if (person.state === "removing") return h("span", { class: "chip state-expired" }, t("people.state.removing"));
  if (person.state === "active") return h("span", { class: "muted" }, t(person.through_provider ? "people.state.provider" : "people.state.active"));
  const over = Date.parse(person.invitation_ends_at ?? "") < Date.now();
  return [h("span", { class: `chip ${over ? "state-expired" : ""}` }, t(over ? "people.state.expired" : "people.state.invited")),
    person.invitation_ends_at && h("span", { class: "muted" }, ` ${over ? day(person.invitation_ends_at) : t("people.ends", { when: relative(person.invitation_ends_at) })}`)];
}

function actions(view, person) {
  if (person.is_you) return null;
  const named = { "aria-description": person.email };
  return h("div", { class: "row" },
    person.state === "invited" && busyButton(t("people.invite_again"), { kind: "small", ...named }, () => act(view, async () => {
      await api.post(`${pathOf(person)}/invitation`);
      toast(t("people.invited", { email: person.email }));
    })),
    button(t("people.remove"), { kind: "small", ...named, on: () => remove(view, person) }));
}

async function act(view, work) {
  try {
    await work();
  } catch (error) {
    if (isTooMany(error)) toast(t("people.too_many_invitations"), { kind: "bad" });
    else toastError(error);
  }
  await view.reload();
}

function isTooMany(error) {
  return error instanceof api.ApiError && error.code === "too_many_invitations";
}

async function invite(view) {
  const email = textInput("", { type: "email", maxlength: "320", autocomplete: "off", spellcheck: "false", required: true });
  const role = select(ROLES.map((each) => [each, t(`people.role.${each}`)]), "viewer");
  const invited = await dialogue({
    title: t("people.invite"),
    intro: t("people.invite_intro"),
    content: [field(t("people.email"), email), field(t("people.role"), role)],
    action: t("people.invite_send"),
    complaints: { email },
    submit: async () => {
      const body = { email: required(email), role: role.value };
      try {
        return await api.post("people", body);
      } catch (error) {
        throw isTooMany(error) ? new Mistake(email, t("people.too_many_invitations")) : error;
      }
    },
  });
  if (!invited) return;
  toast(t("people.invited", { email: invited.email }));
  await view.reload();
}

async function remove(view, person) {
  const removed = await dialogue({
    title: t("people.remove_title", { email: person.email }),
    intro: t("people.remove_intro"),
    action: t("people.remove"),
    kind: "danger",
    submit: () => api.request("DELETE", pathOf(person)),
  });
  if (!removed) return;
  toast(t("people.removed", { email: person.email }));
  await view.reload();
}
