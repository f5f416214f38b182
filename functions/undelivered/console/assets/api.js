/**
 * The HTTP API. Every failure becomes an ApiError with a code; ui.js has the sentences.
 */

import * as auth from "./auth.js";
import { currentLanguage } from "./i18n.js";

const PATIENCE = 2; // retries of a read when the server is busy
const LONGEST_WAIT_S = 8;
const AT_ONCE = 2; // each further request would wait for the start of another container

let base = null;
let onExpired = async () => {};

/** An error of the API. Status 0 means that the network failed. */
export class ApiError extends Error {
  constructor(status, problem = {}, retryAfter = null) {
    super(problem.detail ?? problem.code ?? String(status));
    this.status = status;
    this.code = problem.code ?? "";
    this.detail = problem.detail ?? "";
    this.errors = problem.errors ?? [];
    this.requestId = problem.request_id ?? "";
    this.retryAfter = retryAfter;
  }
}

/**
 * Set the API's URL, and the function to call when the session has ended: it resolves when the user is signed in again.
 */
export function configure(url, expired) {
  base = url.endsWith("/") ? url : `${url}/`;
  onExpired = expired;
}

/** Send a request to the API: request("GET", "undelivered", {query: {status: "bounced"}, signal}). */
export async function request(method, path, { query, body, idempotencyKey, signal, tries = PATIENCE } = {}) {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  const headers = { Accept: "application/json", "Accept-Language": currentLanguage() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
  const response = await authorized(url, { method, headers, body: body && JSON.stringify(body), signal, cache: "no-store" });
  if (response.ok) return response.status === 204 ? null : parse(response);
  const error = await errorOf(response);
  // A limit of the account, such as too_many_searches, lasts longer than anyone should wait without a message.
  const busy = (error.status === 429 && !error.code?.startsWith("too_many_")) || error.status === 503;
  // Reads, and requests with an idempotency key, can be repeated safely.
  if (busy && tries > 0 && (method === "GET" || idempotencyKey)) {
    await pause(Math.min(error.retryAfter ?? 1, LONGEST_WAIT_S) * 1000, signal);
    return request(method, path, { query, body, idempotencyKey, signal, tries: tries - 1 });
  }
  throw error;
}

export const get = (path, options) => request("GET", path, options);
export const post = (path, body, options) => request("POST", path, { ...options, body: body ?? {} });

/** Whether an event about any message of the account was ever received. Without one, nobody knows what arrives. */
export async function hasHeard(signal) {
  const { last_events: last } = await get("setup", { signal });
  return Object.values(last).some(Boolean);
}

async function authorized(url, options) {
  let response = await send(url, options);
  if (response.status === 401 && (await fresh())) response = await send(url, options);
  while (response.status === 401) {
    await onExpired();
    response = await send(url, options);
  }
  return response;
}

async function fresh() {
  try {
    return await auth.refresh();
  } catch {
    throw new ApiError(0);
  }
}

let underWay = 0;
const waiting = [];

/** Wait for a turn: at most AT_ONCE requests run at the same time, the others follow in order. */
async function inTurn(work) {
  if (underWay >= AT_ONCE) await new Promise((resolve) => waiting.push(resolve));
  else underWay += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else underWay -= 1;
  }
}

function send(url, options) {
  return inTurn(() => sendNow(url, options));
}

async function sendNow(url, options) {
  try {
    const token = await auth.token();
    if (!token) return new Response(null, { status: 401 });
    return await fetch(url, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0);
  }
}

async function parse(response) {
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0); // the response was cut off
  }
}

async function errorOf(response) {
  const problem = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get("Retry-After"));
  return new ApiError(response.status, problem, Number.isFinite(seconds) && seconds > 0 ? seconds : null);
}

/** Wait; rejects with AbortError when the signal is aborted. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const gone = () => {
      clearTimeout(timer);
      reject(new DOMException("nobody waits any longer", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", gone);
      resolve();
    }, milliseconds);
    if (signal?.aborted) gone();
    else signal?.addEventListener("abort", gone, { once: true });
  });
}

/**
 * Poll until a result is final: often at first, then less often, and rarely while the page is hidden. Continues after a
 * network failure or while the server is busy, and reports it to `trouble`; other errors stop it.
 */
export async function poll(ask, isFinal, { seen = () => {}, trouble = () => {}, signal }) {
  for (let wait = 700; ; wait = Math.min(wait * 1.3, 10_000)) {
    await pause(document.hidden ? Math.max(wait, 10_000) : wait, signal);
    try {
      const result = await ask();
      seen(result);
      if (isFinal(result)) return result;
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status > 0 && error.status < 429)) throw error;
      trouble(error);
    }
  }
}
