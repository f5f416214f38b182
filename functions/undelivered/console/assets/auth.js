/**
 * Signing in: OAuth 2 authorization code with PKCE at Cognito's hosted page.
 *
 * Tokens live in this module's memory only and end with the page. What has to survive the way to the sign-in page and
 * back (the verifier, and where the person was) is kept in the tab's session storage under the flow's random state.
 */

const CALLBACK = new URL("../", import.meta.url).href; // the console's own address, as registered with the app client
const SCOPES = "openid email profile";
const CHANNEL = "undelivered.sign-in";
const HINT = "undelivered.signed-in";
const POPUP = "popup.";
const EARLY_MS = 60_000;

let configuration = null;
let session = null;
let refreshing = null;

export class SignInError extends Error {}

/** Tell where to sign in; needed before anything else here. */
export function configure(values) {
  configuration = values;
}

/** Who is signed in: {email, role}, or null. */
export function person() {
  return session && { email: session.email, role: session.role };
}

/** Whether the person signed in may act, or only read. */
export function mayAct() {
  return session?.role === "manager";
}

/** Whether somebody was signed in here before the page was loaded again. */
export function wasSignedIn() {
  return sessionStorage.getItem(HINT) === "yes";
}

// --- to the sign-in page and back

/** Leave for the sign-in page; afterwards the person is back at the same place. */
export async function signIn() {
  const { state, verifier } = newFlow("");
  sessionStorage.setItem(flowKey(state), JSON.stringify({ verifier, place: location.hash }));
  location.assign(await authorizeUrl(state, verifier));
}

/**
 * Finish what the sign-in page answered, if this page was opened by it.
 *
 * Gives "none" when it was not, "popup" when another window awaits the answer, "done" when somebody is signed in now.
 */
export async function finishSignIn() {
  const answer = new URLSearchParams(location.search);
  const state = answer.get("state");
  if (!state || !(answer.has("code") || answer.has("error"))) return "none";
  if (state.startsWith(POPUP)) {
    new BroadcastChannel(CHANNEL).postMessage({ state, code: answer.get("code"), error: answer.get("error") });
    return "popup";
  }
  const flow = JSON.parse(sessionStorage.getItem(flowKey(state)) ?? "null");
  sessionStorage.removeItem(flowKey(state));
  history.replaceState(null, "", location.pathname + (flow?.place ?? ""));
  if (!flow || answer.has("error")) throw new SignInError(answer.get("error_description") ?? "state");
  await redeem(answer.get("code"), flow.verifier);
  return "done";
}

/**
 * Sign in again in a window of its own, so that nothing on this page is lost. Call it from a click.
 *
 * Rejects with SignInError when the browser opens no windows, or the person closes it.
 */
export async function signInAgain() {
  const { state, verifier } = newFlow(POPUP);
  const popup = window.open("", "_blank", "popup,width=480,height=640"); // at once: later it is no answer to the click
  if (!popup) throw new SignInError("popup");
  popup.location.href = await authorizeUrl(state, verifier);
  await redeem(await answerOf(state, popup), verifier);
}

function answerOf(state, popup) {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise((resolve, reject) => {
    const watch = setInterval(() => popup.closed && finish(() => reject(new SignInError("closed"))), 1000);
    const finish = (settle) => {
      clearInterval(watch);
      channel.close();
      settle();
    };
    channel.addEventListener("message", ({ data }) => {
      if (data.state !== state) return;
      popup.close();
      finish(() => (data.code ? resolve(data.code) : reject(new SignInError(data.error))));
    });
  });
}

/** Forget the tokens, have the refresh token revoked, and end the session of the sign-in page too. */
export async function signOut() {
  const token = session?.refreshToken;
  session = null;
  sessionStorage.removeItem(HINT);
  if (token && isCognito()) await revoke(token);
  const url = new URL(`${configuration.sign_in_url}/logout`);
  url.search = new URLSearchParams({ client_id: configuration.client_id, logout_uri: CALLBACK });
  location.assign(url);
}

// The local stack's stand-in has no endpoint for this.
function isCognito() {
  return new URL(configuration.sign_in_url).hostname.endsWith(".amazoncognito.com");
}

async function revoke(token) {
  const body = new URLSearchParams({ token, client_id: configuration.client_id });
  await fetch(`${configuration.sign_in_url}/oauth2/revoke`, { method: "POST", body, keepalive: true }).catch(() => null);
}

function newFlow(prefix) {
  return { state: prefix + random(18), verifier: random(48) };
}

function flowKey(state) {
  return `undelivered.flow.${state}`;
}

async function authorizeUrl(state, verifier) {
  if (!crypto.subtle) throw new SignInError("insecure");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const url = new URL(`${configuration.sign_in_url}/oauth2/authorize`);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: configuration.client_id,
    redirect_uri: CALLBACK,
    scope: SCOPES,
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  return url.href;
}

function random(bytes) {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// --- tokens

/** Give a valid token, refreshed when it is about to end; null when nobody is signed in (any more). */
export async function token() {
  if (!session) return null;
  if (Date.now() < session.endsAt - EARLY_MS) return session.idToken;
  return (await refresh()) ? session.idToken : null;
}

/** Get fresh tokens; gives whether that worked. A lost network is no end of the session and throws. */
export async function refresh() {
  if (!session?.refreshToken) return false;
  refreshing ??= askForTokens({ grant_type: "refresh_token", refresh_token: session.refreshToken }).finally(() => {
    refreshing = null;
  });
  try {
    await refreshing;
    return true;
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    session = { ...session, refreshToken: null, endsAt: 0 };
    return false;
  }
}

async function redeem(code, verifier) {
  await askForTokens({ grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: CALLBACK });
  sessionStorage.setItem(HINT, "yes");
}

async function askForTokens(form) {
  const response = await fetch(`${configuration.sign_in_url}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams({ ...form, client_id: configuration.client_id }),
  });
  if (response.status >= 500) throw new TypeError("the sign-in does not answer"); // as fetch does for a lost network
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || !answer.id_token) throw new SignInError(answer.error ?? String(response.status));
  const claims = claimsOf(answer.id_token);
  session = {
    idToken: answer.id_token,
    refreshToken: answer.refresh_token ?? session?.refreshToken ?? null,
    endsAt: Date.now() + (answer.expires_in ?? 3600) * 1000,
    email: claims.email ?? "",
    // Only what is shown depends on this; what may be done is the API's to decide.
    role: (claims["cognito:groups"] ?? []).includes("managers") ? "manager" : "viewer",
  };
}

function claimsOf(jwt) {
  const part = jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
