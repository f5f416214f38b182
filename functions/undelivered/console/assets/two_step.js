/**
 * Two-step sign-in: users add an authenticator app to their own sign-in, or remove it. The page asks the user pool
 * itself, with the user's access token, because Cognito takes these calls from nobody else.
 */

import * as api from "./api.js";
import * as auth from "./auth.js";
import { h, icon, replace, svg } from "./dom.js";
import { t } from "./i18n.js";
import { attempt, busyButton, button, card, dialogue, field, loading, Mistake, pageTitle, required, showFormError, textInput, toast } from "./ui.js";

const APP = "SOFTWARE_TOKEN_MFA";
const SERVICE = "AWSCognitoIdentityProviderService";
/** What Cognito answers to a wrong code (VerifySoftwareToken). */
const WRONG_CODE = new Set(["CodeMismatchException", "EnableSoftwareTokenMFAException"]);
const QUIET_ZONE = 4; // modules around the code (ISO/IEC 18004)

export async function show(page, { signal }) {
  const view = { place: h("div", { class: "two-step" }, loading()), signal };
  replace(page,
    h("a", { class: "back", href: "#/settings" }, icon("back"), t("nav.settings")),
    h("div", { class: "detail-head" }, h("div", {}, pageTitle(t("two_step.title")), h("p", { class: "muted" }, t("two_step.intro")))),
    view.place);
  page.querySelector("h1").focus({ preventScroll: true });
  if (auth.isEmbedded()) replace(view.place, h("p", { class: "muted" }, t("embed.settings")));
  else if (auth.isThroughProvider()) replace(view.place, h("p", {}, t("two_step.provider")));
  else await load(view);
}

const load = (view) => attempt(view.place, () => withSession(view, async () => {
  const user = await ask("GetUser", {}, view.signal);
  paint(view, (user.UserMFASettingList ?? []).includes(APP));
}));

/** Do something with the user's access token. If the token is not accepted, offer to sign in again. */
async function withSession(view, work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof api.ApiError && error.code === "NotAuthorizedException")) throw error;
    replace(view.place, h("p", {}, t("two_step.sign_in_again")), busyButton(t("sign_in_again"), { kind: "primary" }, async () => {
      try {
        await auth.signInAgain();
      } catch (failed) {
        toast(t(failed.message === "popup" ? "session.popup" : "session.failed"), { kind: "bad" });
        return;
      }
      await load(view);
    }));
  }
}

/** Ask the user pool. Rejects with an ApiError whose code is the name of Cognito's exception. */
async function ask(operation, input = {}, signal = undefined) {
  const profile = await auth.ownProfile();
  if (!profile) throw new api.ApiError(400, { code: "NotAuthorizedException" });
  const headers = { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": `${SERVICE}.${operation}` };
  const body = JSON.stringify({ AccessToken: profile.accessToken, ...input });
  const response = await fetch(profile.url, { method: "POST", headers, body, signal, cache: "no-store" }).catch((error) => {
    throw error.name === "AbortError" ? error : new api.ApiError(0);
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const code = String(answer.__type ?? "").split("#").pop();
  throw new api.ApiError(code === "TooManyRequestsException" ? 429 : response.status, { code });
}

function paint(view, isOn) {
  const action = isOn
    ? button(t("two_step.turn_off"), { on: () => turnOff(view) })
    : busyButton(t("two_step.set_up"), { kind: "primary" }, () => setUp(view));
  replace(view.place, card(t("two_step.app"),
    h("p", {}, h("span", { class: `chip ${isOn ? "state-resolved" : ""}` }, t(isOn ? "two_step.on" : "two_step.off"))),
    h("p", {}, t(isOn ? "two_step.on_text" : "two_step.off_text")),
    isOn && h("p", { class: "muted" }, t("two_step.lost")),
    h("div", { class: "row" }, action)));
}

async function setUp(view) {
  await attempt(view.place, () => withSession(view, async () => {
    const [{ SecretCode: secret }, { generate, correction }] = await Promise.all([ask("AssociateSoftwareToken"), import("./lean-qr.min.js")]);
    paintSteps(view, secret, drawing(generate(addressOf(secret), { minCorrectionLevel: correction.M })));
  }));
}

/** What an authenticator app reads (Key URI format of Google Authenticator). */
function addressOf(secret) {
  const label = encodeURIComponent(`${t("product")}:${auth.person().email}`);
  return `otpauth://totp/${label}?${new URLSearchParams({ secret, issuer: t("product") })}`;
}

function drawing(code) {
  const all = Array.from({ length: code.size }, (_, place) => place);
  const dark = all.flatMap((y) => all.filter((x) => code.get(x, y)).map((x) => `M${x} ${y}h1v1h-1z`));
  const side = code.size + 2 * QUIET_ZONE;
  return svg("svg", { class: "qr", viewBox: `${-QUIET_ZONE} ${-QUIET_ZONE} ${side} ${side}`, role: "img", "aria-label": t("two_step.qr") }, svg("path", { d: dark.join("") }));
}

function paintSteps(view, secret, picture) {
  const code = textInput("", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: "7", spellcheck: "false", required: true });
  const trouble = h("div", {});
  const send = h("button", { type: "submit", class: "button primary" }, t("two_step.turn_on"));
  const submit = async (event) => {
    event.preventDefault();
    if (send.getAttribute("aria-disabled")) return;
    replace(trouble);
    send.setAttribute("aria-disabled", "true");
    send.classList.add("busy");
    try {
      await withSession(view, () => turnOn(view, code));
    } catch (error) {
      showFormError(error, trouble);
    } finally {
      send.removeAttribute("aria-disabled");
      send.classList.remove("busy");
    }
  };
  replace(view.place, card(t("two_step.set_up"),
    h("form", { novalidate: true, on: { submit } },
      h("ol", {},
        h("li", {}, t("two_step.step_app")),
        h("li", {}, t("two_step.step_scan"), picture,
          h("p", {}, t("two_step.key"), " ", h("code", {}, secret.match(/.{1,4}/g).join(" ")))),
        h("li", {}, t("two_step.step_code"), field(t("two_step.code"), code))),
      trouble,
      h("div", { class: "row" }, send, button(t("cancel"), { on: () => paintAnew(view, false) })))));
  code.focus({ preventScroll: true });
}

async function turnOn(view, control) {
  const code = required(control).replaceAll(" ", "");
  if (!/^[0-9]{6}$/.test(code)) throw new Mistake(control, t("two_step.six_digits"));
  try {
    const { Status: status } = await ask("VerifySoftwareToken", { UserCode: code });
    if (status !== "SUCCESS") throw new Mistake(control, t("two_step.wrong_code"));
  } catch (error) {
    throw WRONG_CODE.has(error.code) ? new Mistake(control, t("two_step.wrong_code")) : error;
  }
  await prefer({ Enabled: true, PreferredMfa: true });
  toast(t("two_step.turned_on"));
  paintAnew(view, true);
}

async function turnOff(view) {
  const isDone = await dialogue({
    title: t("two_step.turn_off_title"),
    intro: t("two_step.turn_off_intro"),
    action: t("two_step.turn_off"),
    kind: "danger",
    submit: async () => {
      await prefer({ Enabled: false, PreferredMfa: false });
      return true;
    },
  });
  if (!isDone) return;
  toast(t("two_step.turned_off"));
  paintAnew(view, false);
}

const prefer = (settings) => ask("SetUserMFAPreference", { SoftwareTokenMfaSettings: settings });

/** Show the state, and focus what can be done about it: what had the focus is gone. */
function paintAnew(view, isOn) {
  paint(view, isOn);
  view.place.querySelector("button").focus({ preventScroll: true });
}
