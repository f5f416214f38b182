/**
 * Languages, numbers and times. A text may contain {names}. The texts that the first visit needs are in one file of each language
 * (such as en.json). Those of the other views are in en.views.json, and those of views that few users open in a file of their own.
 * The sentences of the API are in English; es.sentences.json has their translations.
 * A text with a number n has a form for each plural of its language: "key.one", "key.other".
 */

export const LANGUAGES = { en: "English", es: "Español", de: "Deutsch", fr: "Français", pt: "Português" };
const KEPT_AS = "undelivered.language";

let language = "en";
let texts = {};
let sentences = {};
let patterns = null;
let viewTextsOf = null;
/** The parts of the current language that were loaded with `loadTexts`. */
let parts = new Set();
let timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
let plurals = new Intl.PluralRules("en");

/** Return the first language: the saved choice, or the first of the browser's languages that is available. */
export function preferredLanguage() {
  const wanted = [kept(), ...navigator.languages].filter(Boolean).map((tag) => tag.split("-")[0]);
  return wanted.find((tag) => tag in LANGUAGES) ?? "en";
}

function kept() {
  try {
    return localStorage.getItem(KEPT_AS);
  } catch {
    return null; // storage is turned off, so use the browser's language
  }
}

/** Load a language and use it from now on. */
export async function useLanguage(name) {
  texts = await load(name);
  sentences = {};
  patterns = null;
  viewTextsOf = null;
  parts = new Set();
  language = name;
  plurals = new Intl.PluralRules(locale());
  document.documentElement.lang = name;
}

/**
 * Load the texts of all views but the overview, and the translations of the API's sentences. Without the translations, the
 * sentences are shown in English.
 */
export async function loadViewTexts() {
  if (viewTextsOf === language) return;
  const name = language;
  const translations = name === "en" ? {} : load(`${name}.sentences`).catch(() => ({}));
  const [more, loaded] = await Promise.all([load(`${name}.views`), translations]);
  if (name !== language) return;
  texts = { ...texts, ...more };
  sentences = loaded;
  patterns = null;
  viewTextsOf = name;
}

/** Load more texts of the current language, for a view that few users open. */
export async function loadTexts(name) {
  const known = parts;
  if (known.has(name)) return;
  const more = await load(`${language}.${name}`);
  if (known !== parts) return; // the language has changed meanwhile
  texts = { ...texts, ...more };
  known.add(name);
}

/** Return a sentence of the API in the current language, if there is a translation. */
export function translated(sentence) {
  if (sentence in sentences) return sentences[sentence];
  patterns ??= Object.keys(sentences).filter((key) => key.search(PLACEHOLDER) >= 0).map((key) => [patternOf(key), sentences[key]]);
  for (const [pattern, text] of patterns) {
    const values = pattern.exec(sentence)?.groups;
    if (values) return text.replace(PLACEHOLDER, (_, name) => values[name]);
  }
  return sentence;
}

const PLACEHOLDER = /\{(\w+)\}/g;

/** The sentences that a text with {names} stands for. */
function patternOf(text) {
  const parts = text.split(/(\{\w+\})/).map((part) => /^\{(\w+)\}$/.exec(part)?.[1] ?? part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.map((part, index) => (index % 2 ? `(?<${part}>.+)` : part)).join("")}$`);
}

/** Save the language that the user chose. */
export function keepLanguage(name) {
  try {
    localStorage.setItem(KEPT_AS, name);
  } catch {
    // without storage, the choice is lost when the page closes
  }
}

/** The files that are loaded or being loaded, so that each is loaded once. */
const files = new Map();

function load(name) {
  if (!files.has(name)) {
    files.set(name, fetchFile(name).catch((error) => {
      files.delete(name);
      throw error;
    }));
  }
  return files.get(name);
}

async function fetchFile(name) {
  const response = await fetch(new URL(`${name}.json`, import.meta.url));
  if (!response.ok) throw new Error(`${name}.json: ${response.status}`);
  return response.json();
}

/** The language in use. */
export function currentLanguage() {
  return language;
}

/** The browser's variant of the language, so that dates have the format of the user's country. */
function locale() {
  return navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;
}

/** Show times in the account's time zone from now on; a name that the browser does not know changes nothing. */
export function useTimeZone(name) {
  try {
    Intl.DateTimeFormat("en", { timeZone: name });
    timeZone = name;
  } catch {
    // keep the current zone
  }
}

/** The zone in which times are shown. */
export function currentTimeZone() {
  return timeZone;
}

/** Return a text with its {names} filled in and numbers in the format of the language. */
export function t(key, values = {}) {
  const text = find(key, values) ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : String(value ?? "");
  });
}

/** A text that also stands within a sentence, as it begins one. */
export function capitalised(text) {
  const [first = "", ...rest] = text;
  return first.toLocaleUpperCase(language) + rest.join("");
}

/** Return a text, or null if there is none. */
export function maybe(key) {
  return texts[key] ?? null;
}

function find(key, values) {
  if (typeof values.n !== "number") return texts[key];
  const form = `${key}.${plurals.select(values.n)}`;
  return texts[form] ?? texts[`${key}.other`] ?? texts[key];
}

export function number(value, options) {
  return formatter(Intl.NumberFormat, locale(), options).format(value);
}

/** The formatters that were used. To make one takes as long as many uses of it. */
const formatters = new Map();

function formatter(Kind, tag, options) {
  const key = JSON.stringify([Kind.name, tag, options]);
  if (!formatters.has(key)) formatters.set(key, new Kind(tag, options));
  return formatters.get(key);
}

/** The size of a file, such as 340 kB. */
export function fileSize(bytes) {
  const [unit, size] = bytes < 1_000_000 ? ["kilobyte", Math.max(bytes / 1_000, 1)] : ["megabyte", bytes / 1_000_000];
  return number(size, { style: "unit", unit, maximumFractionDigits: unit === "megabyte" ? 1 : 0 });
}

export function percent(value) {
  return number(value, { style: "percent", maximumFractionDigits: 0 });
}

/** A time: "23 Nov 2026, 18:00". */
export function moment(text) {
  return format(text, { dateStyle: "medium", timeStyle: "short", timeZone });
}

/** A time of the past: "17:40" today, "yesterday 17:40", or "23 Nov 2026, 18:00". */
export function recent(text) {
  const date = (when) => new Intl.DateTimeFormat("en-CA", { timeZone }).format(new Date(when));
  const time = format(text, { timeStyle: "short", timeZone });
  if (date(text) === dateInZone()) return time;
  if (date(text) !== dateInZone(-1)) return moment(text);
  return `${new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(-1, "day")} ${time}`;
}

/** The day of a time: "23 Nov 2026". */
export function day(text) {
  return format(text, { dateStyle: "medium", timeZone });
}

/** The day of a time in short form: without the year if it is the current year. */
export function shortDay(text) {
  const year = { year: "numeric", timeZone };
  return format(text, { day: "numeric", month: "short", timeZone, ...(format(text, year) !== format(Date.now(), year) && { year: "numeric" }) });
}

/** A calendar date ("2026-11-23"), which has no zone. */
export function calendarDate(text, options = { dateStyle: "medium" }) {
  return format(`${text}T12:00:00Z`, { ...options, timeZone: "UTC" });
}

/** How long until, or since: "in 3 days". */
export function relative(text) {
  const seconds = (Date.parse(text) - Date.now()) / 1000;
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["minute", 60];
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

function format(text, options) {
  const when = new Date(text);
  return Number.isNaN(when.getTime()) ? String(text ?? "") : formatter(Intl.DateTimeFormat, locale(), options).format(when);
}

/** Today's date in the account's zone, shifted by days, as "2026-11-23". */
export function dateInZone(shift = 0) {
  const parts = formatter(Intl.DateTimeFormat, "en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  const today = new Date(`${parts.format(new Date())}T12:00:00Z`);
  today.setUTCDate(today.getUTCDate() + shift);
  return today.toISOString().slice(0, 10);
}
