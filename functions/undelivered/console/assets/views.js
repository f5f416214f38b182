/** Saved views: named filters of the report, which everyone in the account sees above it. */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { h, replace, written } from "./dom.js";
import { dateInZone, t } from "./i18n.js";
import { button, dialogue, field, keepFocus, required, textInput, toast, toastError } from "./ui.js";

const LISTS = new Set(["status", "state", "channel", "fault", "reason", "work"]);
const PERSONAL = ["customer_id"];
/** The spans of days that a view keeps as days up to today. */
const SPANS = [1, 7, 90, 365];

/** The views as they were read last, so that they are there at once when the report is opened again. */
let known = [];

/** The saved views, as links, and how to save the filters of the page. `names` are those of filters, in their order. */
export function viewsBar(filter, names, signal) {
  const bar = h("nav", { class: "views", "aria-label": t("views.label") });
  const paint = () => {
    const present = hrefOf(filter, names);
    const current = known.find((view) => hrefOf(filterOf(view), names) === present);
    const canSave = auth.mayAct() && !current && Object.keys(filter).length > 0 && !PERSONAL.some((name) => filter[name]);
    replace(bar,
      known.map((view) => h("a", { class: "pill", href: hrefOf(filterOf(view), names), "aria-current": view === current && "page" }, written(view.name))),
      canSave && button(t("views.save"), { kind: "small", on: () => save() }),
      current && auth.mayAct() && [
        button(t("views.rename"), { kind: "small", glyph: "edit", on: () => rename(current) }),
        button(t("views.delete"), { kind: "small", on: () => remove(current) }),
      ]);
    bar.hidden = !bar.firstChild;
  };
  const keep = ({ views }) => {
    known = views;
    paint();
  };
  const save = async () => {
    const saved = await askName(t("views.save_title"), "", (name) => put({ view_id: crypto.randomUUID(), name, ...definitionOf(filter) }));
    if (saved) {
      keep(saved);
      toast(t("views.saved"));
      bar.querySelector("[aria-current]")?.focus();
    }
  };
  const rename = async (view) => {
    const saved = await askName(t("views.rename_title"), view.name, (name) => put({ ...view, name }));
    if (saved) {
      keep(saved);
      bar.querySelector("[aria-current]")?.focus();
    }
  };
  const remove = async (view) => {
    try {
      keep(await api.request("DELETE", pathOf(view)));
      toast(t("views.deleted"), { action: t("dismiss.undo"), on: () => put(view).then(keep).catch(toastError) });
      keepFocus();
    } catch (error) {
      toastError(error);
    }
  };
  paint();
  api.get("views", { signal }).then(keep).catch(() => null); // without the views, the report works all the same
  return bar;
}

function askName(title, name, submit) {
  const box = textInput(name, { maxlength: "60", autocomplete: "off" });
  return dialogue({
    title,
    content: [field(t("views.name"), box, { help: t("views.save_help") })],
    action: t("save"),
    complaints: { name: box },
    submit: () => submit(required(box)),
  });
}

function pathOf({ view_id: id }) {
  return `views/${encodeURIComponent(id)}`;
}

function put(view) {
  const { name, filter, last_days } = view;
  return api.request("PUT", pathOf(view), { body: { name, filter, last_days } });
}

/** The filters of the URL as a view keeps them. */
function definitionOf(filter) {
  const { from, to, ...rest } = filter;
  const span = SPANS.find((days) => from === dateInZone(1 - days) && to === dateInZone());
  const dates = span ? {} : { ...(from && { from }), ...(to && { to }) };
  for (const name of LISTS) if (rest[name]) rest[name] = rest[name].split(",");
  if (rest.ready) rest.ready = true;
  return { filter: { ...rest, ...dates }, last_days: span ?? null };
}

/** The filters of a view as the URL has them. */
function filterOf({ filter, last_days: days }) {
  const texts = Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, String(value)]));
  return days ? { ...texts, from: dateInZone(1 - days), to: dateInZone() } : texts;
}

function hrefOf(filter, names) {
  const query = new URLSearchParams();
  for (const name of names) if (filter[name]) query.set(name, filter[name]);
  const text = query.toString().replaceAll("%2C", ",");
  return `#/report${text && `?${text}`}`;
}
