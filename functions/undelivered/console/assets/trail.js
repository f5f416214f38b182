/** The list that one came from, and the way through it: the next and the previous entry, by link or by key. */

import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { busyButton, button, dialogue, toast, toastError } from "./ui.js";

const KEYS_OFF = "undelivered.keys_off";

/** {back, hrefs, more}: the list's page, its entries so far, and a function that loads further ones. */
let trail = null;

/** Keep a list. `more` adds to `hrefs`, nothing at the end of the list. */
export function keepTrail(list) {
  trail = list;
}

/** The page of the list that the current page is an entry of, or null. */
export function trailBack() {
  return position() < 0 ? null : trail.back;
}

function position() {
  return trail ? trail.hrefs.indexOf(location.hash) : -1;
}

/** Links to the previous and the next entry of the list, and their keys; null if the page is not in a list. */
export function trailNav(signal) {
  const at = position();
  if (at < 0) return null;
  const go = (step) => move(at + step).catch(toastError);
  listen(go, signal);
  const link = (label, glyph, step) => busyButton(t(label), { kind: "small", glyph, "aria-keyshortcuts": step < 0 ? "K" : "J" }, () => go(step));
  return h("nav", { class: "trail", "aria-label": t("trail.label") },
    at > 0 && link("trail.previous", "back", -1),
    h("span", { class: "muted" }, t("trail.position", { at: at + 1 })),
    link("trail.next", "next", 1),
    button(t("trail.keys"), { kind: "small", on: showKeys }));
}

/** The next entry of the list, or null at its end and outside a list. */
export async function nextOfTrail() {
  const at = position();
  return at < 0 ? null : entry(at + 1);
}

async function entry(at) {
  if (at >= trail.hrefs.length) await trail.more();
  return trail.hrefs[at] ?? null;
}

async function move(to) {
  if (to < 0) return;
  const href = await entry(to);
  if (href) location.replace(href); // "Back" leads to the list
  else toast(t("trail.end"));
}

function listen(go, signal) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isOff() || isTyping(event.target)) return;
    const act = { j: () => go(1), k: () => go(-1), "?": showKeys }[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }, { signal });
}

/** Whether keys belong to a field or a dialogue. */
function isTyping(target) {
  return Boolean(target.closest?.("input, textarea, select, [contenteditable], dialog") || document.querySelector("dialog[open]"));
}

function isOff() {
  try {
    return localStorage.getItem(KEYS_OFF) === "yes";
  } catch {
    return false;
  }
}

function showKeys() {
  const on = h("input", { type: "checkbox", checked: !isOff() });
  const line = (key, text) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(text))];
  dialogue({
    title: t("trail.keys_title"),
    content: [
      h("dl", {}, line("J", "trail.next"), line("K", "trail.previous"), line("?", "trail.show_keys")),
      h("label", { class: "check spaced" }, on, t("trail.keys_on")),
    ],
    action: t("save"),
    submit: () => {
      try {
        localStorage.setItem(KEYS_OFF, on.checked ? "no" : "yes");
      } catch {
        // without storage, the keys stay on
      }
    },
  });
}
