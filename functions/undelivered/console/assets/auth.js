/**
 * Signing in: OAuth 2 authorization code with PKCE at Cognito's hosted page.
 * Tokens are only in this module's memory and are lost when the page closes. The data needed after the sign-in page
 * (the verifier and the user's last view) is in the tab's session storage, under the flow's random state.
 *
 * In a frame, nobody signs in. The host application's page around it gives embed tokens: in the URL's fragment, or as a
 * message when this page asks for one.
 */

const CALLBACK = new URL("../", import.meta.url).href; // the console's own address, as registered with the app client
const SCOPES = "openid email profile aws.cognito.signin.user.admin"; // the last for two_step.js
const CHANNEL = "undelivered.sign-in";
const HINT = "undelivered.signed-in";
const POPUP = "popup.";
const EARLY_MS = 60_000;
const EMBED_TOKEN = /^#(embed\.[\w-]+\.[\w-]+)(\/.*)?$/;
const ASK_AGAIN_MS = 2_000; // the page around may not listen yet
const LONGEST_WAIT_MS = 10_000;

let configuration = null;
let session = null;
let refreshing = null;
let viewersMayExport = true;

export class SignInError extends Error {}

/** Set the sign-in configuration. Call this before all other functions of this module. */
export function configure(values) {
  configuration = values;
}

/** The signed-in user: {id, email, role}, or null. */
export function person() {
  return session && { id: session.id, email: session.email, role: session.role };
}

/** Whether the signed-in user can make changes, or only read. */
export function mayAct() {
  return session?.role === "manager";
}

/** Whether the user can do what only users of the user pool may: change settings, erase, download data and files. */
export function mayManage() {
  return mayAct() && !isEmbedded();
}

/** Whether the signed-in user has a verified address, to which emails can be sent. */
export function hasVerifiedEmail() {
  return Boolean(session?.isVerified);
}

/** Whether the user signs in through an identity provider of the operator. */
export function isThroughProvider() {
  return Boolean(session?.isThroughProvider);
}

/** Whether the signed-in user can export the report. */
export function mayExport() {
  return mayAct() || viewersMayExport;
}

/** Set whether viewers of the account can export the report. */
export function letViewersExport(allowed) {
  viewersMayExport = allowed;
}

/** Whether a user was signed in here before the page was reloaded. */
export function wasSignedIn() {
  return sessionStorage.getItem(HINT) === "yes";
}

// --- in a frame

/** Whether this page is in a frame. Only pages of the host application can frame it (Content-Security-Policy). */
export function isEmbedded() {
  return window.parent !== window;
}

/**
 * Start the session of a page in a frame. Rejects with SignInError if the page around gives no token.
 */
export async function startEmbedded() {
  if (!takeTokenOfUrl()) await askForEmbedToken();
}

/**
 * Remove an embed token from the URL, and use it if this page is in a frame. Elsewhere it is not used: otherwise a link
 * could sign a user in to an account of somebody else's choice. Returns whether it is used.
 */
export function takeTokenOfUrl() {
  const [, token, place = "/"] = EMBED_TOKEN.exec(location.hash) ?? [];
  if (!token) return false;
  history.replaceState(null, "", `${location.pathname}#${place}`);
  if (isEmbedded()) useEmbedToken(token);
  return isEmbedded();
}

async function askForEmbedToken() {
  useEmbedToken(await answerOfPageAround());
}

function answerOfPageAround() {
  return new Promise((resolve, reject) => {
    // The question has nothing secret. Only an answer of an allowed origin is used.
    const ask = () => window.parent.postMessage("undelivered:token-needed", "*");
    const finish = (settle) => {
      clearInterval(again);
      clearTimeout(end);
      window.removeEventListener("message", take);
      settle();
    };
    const take = ({ source, origin, data }) => {
      if (source !== window.parent || !configuration.frame_origins.includes(origin) || data?.type !== "undelivered:token") return;
      finish(() => resolve(String(data.token)));
    };
    const again = setInterval(ask, ASK_AGAIN_MS);
    const end = setTimeout(() => finish(() => reject(new SignInError("unanswered"))), LONGEST_WAIT_MS);
    window.addEventListener("message", take);
    ask();
  });
}

function useEmbedToken(token) {
  const claims = embedClaimsOf(token);
  if (claims?.page !== "console") throw new SignInError("token");
  const lifetime = Date.parse(claims.expires_at) - Date.parse(claims.issued_at);
  session = { idToken: token, refreshToken: null, renewAt: renewal(lifetime), email: claims.name, role: claims.role };
}

function embedClaimsOf(token) {
  try {
    return claimsOf(token);
  } catch {
    return null;
  }
}

// --- to the sign-in page and back

/** Go to the sign-in page, which returns the user to the same view. */
export async function signIn() {
  const { state, verifier } = newFlow("");
  sessionStorage.setItem(flowKey(state), JSON.stringify({ verifier, place: location.hash }));
  location.assign(await authorizeUrl(state, verifier));
}

/**
 * Complete the sign-in if this page was opened by the sign-in page's redirect. Returns "none" if it was not, "popup" if
 * another window waits for the result, "done" if a user is now signed in.
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
 * Sign in again in a separate window, so that nothing on this page is lost. Call it from a click. Rejects with
 * SignInError if the browser blocks the window or the user closes it.
 */
export async function signInAgain() {
  if (isEmbedded()) return askForEmbedToken();
  const { state, verifier } = newFlow(POPUP);
  const popup = window.open("", "_blank", "popup,width=480,height=640"); // immediately, because browsers block a later window
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

/** Delete the tokens, revoke the refresh token, and end the session of the sign-in page. */
export async function signOut() {
  const token = session?.refreshToken;
  session = null;
  sessionStorage.removeItem(HINT);
  if (token && isCognito()) await revoke(token);
  const url = new URL(`${configuration.sign_in_url}/logout`);
  url.search = new URLSearchParams({ client_id: configuration.client_id, logout_uri: CALLBACK });
  location.assign(url);
}

// The local stack's emulator has no endpoint for this.
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

/** Return a valid token, refreshed if it is about to expire; null if no user is signed in. */
export async function token() {
  if (!session) return null;
  if (Date.now() < session.renewAt) return session.idToken;
  return (await refresh()) ? session.idToken : null;
}

/** Where users change their own sign-in, and the token for it; null if no user is signed in. */
export async function ownProfile() {
  return (await token()) && { url: configuration.user_pool_url, accessToken: session.accessToken };
}

/** Get new tokens; returns whether that worked. Throws if the network fails, because this does not end the session. */
export async function refresh() {
  if (!session?.refreshToken && !isEmbedded()) return false;
  refreshing ??= renew().finally(() => {
    refreshing = null;
  });
  try {
    await refreshing;
    return true;
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    session = { ...session, refreshToken: null, renewAt: 0 };
    return false;
  }
}

function renew() {
  if (isEmbedded()) return askForEmbedToken();
  return askForTokens({ grant_type: "refresh_token", refresh_token: session.refreshToken });
}

/** When to renew a token that is valid for so many milliseconds: a minute before its end, or earlier if it is short. */
function renewal(lifetime) {
  return Date.now() + lifetime - Math.min(EARLY_MS, lifetime / 4);
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
  if (response.status >= 500) throw new TypeError("the sign-in does not answer"); // like fetch when the network fails
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || !answer.id_token) throw new SignInError(answer.error ?? String(response.status));
  const claims = claimsOf(answer.id_token);
  session = {
    idToken: answer.id_token,
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? session?.refreshToken ?? null,
    renewAt: renewal((answer.expires_in ?? 3600) * 1000),
    id: claims.sub,
    email: claims.email ?? "",
    isVerified: claims.email_verified === true,
    isThroughProvider: Boolean(claims.identities),
    // This only affects what is shown. The API checks what the user is allowed to do.
    role: (claims["cognito:groups"] ?? []).includes("managers") ? "manager" : "viewer",
  };
}

function claimsOf(jwt) {
  const part = jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
