/** The likely spelling of an email address, offered beside the field. An address with a typo of a known domain is never refused. */

import * as api from "./api.js";
import { h, replace } from "./dom.js";
import { t } from "./i18n.js";
import { button } from "./ui.js";

/**
 * Offer the likely spelling of the addresses in a control, once the user has left it. Returns a function for forms that
 * ask once before they save: it resolves with whether there is an offer that the user has not seen yet.
 */
export function offerSpelling(control) {
  const place = h("div", { class: "hint", role: "status" });
  control.closest(".field").append(place);
  const answers = new Map();
  const shown = new Set();
  const likely = (address) => {
    // Without an answer there is no offer: it never holds up what the user wants to save.
    const ask = () => api.get("address-suggestions", { query: { address } }).then(({ suggestion }) => suggestion, () => null);
    if (!answers.has(address)) answers.set(address, ask());
    return answers.get(address);
  };
  const use = (address, suggestion) => {
    control.value = control.value.replace(address, suggestion);
    control.dispatchEvent(new Event("input", { bubbles: true }));
    replace(place);
    control.focus();
  };
  const offer = async (note = null) => {
    const seen = new Set(shown);
    const offers = [];
    for (const address of addressesIn(control.value)) {
      const suggestion = await likely(address);
      if (suggestion && control.value.includes(address)) offers.push([address, suggestion]);
    }
    const unseen = offers.filter(([address]) => !seen.has(address));
    for (const [address] of offers) shown.add(address);
    replace(place, offers.map(([address, suggestion]) => h("p", {},
      t("did_you_mean", { suggestion }), " ", note && `${note} `,
      button(t("use_suggestion", { suggestion }), { kind: "small", on: () => use(address, suggestion) }))));
    return unseen.length > 0;
  };
  control.addEventListener("change", () => offer());
  return offer;
}

function addressesIn(text) {
  return new Set(text.split(/[\s,;<>]+/).filter((word) => /.@./.test(word)));
}
