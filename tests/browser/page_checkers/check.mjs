/**
 * Signs in to the console, opens pages, and prints what pa11y and html-validate find, as JSON: {page: {appearance: [finding]}}.
 *
 * node check.mjs CHROMIUM CONSOLE_URL PAGE…
 */

import { HtmlValidate } from "html-validate";
import pa11y from "pa11y";
import puppeteer from "puppeteer";

const DESKTOP = { width: 1280, height: 860 };
/** How a page can look: the size of the window, media features, and the size of the text. */
const APPEARANCES = {
  light: {},
  dark: { scheme: "dark" },
  "forced colours": { forced: "active" },
  "320 px": { viewport: { width: 320, height: 740 } },
  "text at 200 %": { text: "200%" },
};
/** The links of the console name views after the #, not elements. */
const NOT_FOR_VIEWS = ["WCAG2AA.Principle2.Guideline2_4.2_4_1.G1,G123,G124.NoSuchID"];
const HTML_RULES = {
  extends: ["html-validate:recommended"],
  elements: ["html5"],
  rules: {
    // Browsers write the attributes of a page in this style when they are asked for its markup.
    "attribute-empty-style": "off",
    "attribute-boolean-style": "off",
    "no-inline-style": ["error", { allowedProperties: ["display", "font-size"] }], // the size of the text is set here
    // Tables that are shown as cards on small screens keep their meaning only with roles.
    "no-redundant-role": "off",
  },
};

const [executablePath, url, ...places] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  const devTools = await page.createCDPSession();
  await page.setBypassCSP(true); // pa11y runs scripts of its own in the page
  await signIn(page);
  const validator = new HtmlValidate(HTML_RULES);
  const findings = {};
  for (const place of places) {
    findings[place] = {};
    for (const [name, appearance] of Object.entries(APPEARANCES)) {
      await show(page, devTools, appearance);
      await open(page, place);
      findings[place][name] = await barriers(page);
    }
    await show(page, devTools, APPEARANCES.light);
    const { results } = await validator.validateString(await page.content());
    findings[place].HTML = results.flatMap(({ messages }) => messages.map((each) => `${each.ruleId}: ${each.message} (${each.selector})`));
  }
  console.log(JSON.stringify(findings));
} finally {
  await browser.close();
}

async function signIn(page) {
  await page.goto(url);
  for (const role of ["button", "link"]) await (await page.waitForSelector(`::-p-aria([name="Sign in"][role="${role}"])`)).click();
  await page.waitForSelector("header.top");
}

async function show(page, devTools, { scheme = "light", forced = "none", viewport = DESKTOP, text = "100%" }) {
  await page.setViewport(viewport);
  const features = [{ name: "prefers-color-scheme", value: scheme }, { name: "forced-colors", value: forced }];
  await devTools.send("Emulation.setEmulatedMedia", { features }); // puppeteer's own function does not know forced colours
  await page.evaluate((size) => document.documentElement.setAttribute("style", `font-size: ${size}`), text);
}

async function open(page, place) {
  await page.evaluate((hash) => { location.hash = hash; }, place);
  await page.waitForFunction("document.querySelector('#main h1') && !document.querySelector('#main .loading')");
}

async function barriers(page) {
  const { issues } = await pa11y(url, { browser, page, ignoreUrl: true, standard: "WCAG2AA", ignore: NOT_FOR_VIEWS });
  return issues.map((each) => `${each.code}: ${each.message} (${each.selector})`);
}
