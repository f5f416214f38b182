/**
 * Signs in to the console, and prints Lighthouse's scores of each page, as JSON: {page: {device: {category: score}}}.
 *
 * The navigation that is measured is the one after the sign-in form, so that it includes the sign-in's redirect.
 *
 * node audit.mjs CHROMIUM CONSOLE_URL USER PASSWORD PAGE…
 */

import { navigation } from "lighthouse";
import puppeteer from "puppeteer";

const DEVICES = {
  mobile: {},
  desktop: {
    formFactor: "desktop",
    screenEmulation: { mobile: false, width: 1350, height: 940, deviceScaleFactor: 1 },
    throttling: { rttMs: 40, throughputKbps: 10_240, cpuSlowdownMultiplier: 1 },
  },
};
/** The stack on this machine has no certificate, and search engines have nothing to find behind a sign-in. */
const NOT_APPLICABLE = ["is-on-https", "redirects-http", "is-crawlable"];

const [executablePath, url, user, password, ...places] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--lang=en-GB"] });
try {
  const scores = {};
  for (const place of places) {
    scores[place] = {};
    for (const [device, settings] of Object.entries(DEVICES)) scores[place][device] = await audit(place, settings);
  }
  console.log(JSON.stringify(scores));
} finally {
  await browser.close();
}

async function audit(place, settings) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.goto(url + place);
  await (await page.waitForSelector('::-p-aria([name="Sign in"][role="button"])')).click();
  await (await page.waitForSelector("::-p-aria(Username)")).type(user);
  const field = await page.waitForSelector("::-p-aria(Password)");
  await field.type(password);
  const config = { extends: "lighthouse:default", settings: { disableStorageReset: true, skipAudits: NOT_APPLICABLE, ...settings } };
  const { lhr } = await navigation(page, () => field.press("Enter"), { config });
  await context.close();
  if (!lhr.finalDisplayedUrl.startsWith(url)) throw new Error(`Lighthouse saw ${lhr.finalDisplayedUrl}`);
  for (const category of Object.values(lhr.categories)) report(lhr, category, place);
  return Object.fromEntries(Object.values(lhr.categories).map(({ id, score }) => [id, score]));
}

/** Say on standard error what costs points. */
function report(lhr, category, place) {
  for (const { id, weight } of category.auditRefs) {
    const { score, title, displayValue = "" } = lhr.audits[id];
    if (weight && score !== null && score < 0.9) console.error(`${place}: ${category.id}: ${title} (${score}) ${displayValue}`);
  }
}
