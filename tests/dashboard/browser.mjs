// The browser of the tests: the system's Chromium, with a page that keeps watch over what every page must keep to: no
// error, no request to another host, nothing that the content security policy had to refuse.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

export const site = process.env.CHAT_GOALS_DASHBOARD ?? "http://127.0.0.1:8080/";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });

/** A page of its own, which nobody else's cookies and storage reach. */
export async function openPage(browser, { theme = "light", scripts = true, width = 1280, height = 900, at = site } = {}) {
  const context = await browser.newContext({
    baseURL: at,
    colorScheme: theme,
    javaScriptEnabled: scripts,
    viewport: { width, height },
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const wrong = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(at) && !url.startsWith("data:") && !url.startsWith("blob:")) wrong.push(`request: ${url}`);
  });
  if (scripts) {
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
  }
  page.wrong = wrong;
  return page;
}

/** What the browser says of a page that is an error on purpose. */
export const REFUSED = /^console: Failed to load resource: the server responded with a status of 40[0134] /;

/** Ends it, and says what it should not have done. */
export async function close(page, expected) {
  await page.context().close();
  assert.deepEqual(page.wrong.filter((what) => !expected?.test(what)), []);
}

/** What axe finds, in the words of its rules. */
export async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`),
  );
}

/** Waits until a condition holds; how fast the machine is makes no difference. */
export async function until(what, condition, limitMs = 120_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await condition();
    if (found) return found;
    assert.ok(Date.now() < end, `still not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The scripts have run, and what they draw is there. */
export async function ready(page) {
  await page.waitForSelector("html[data-ready]", { state: "attached" });
}

/** Addresses of pages that need an id, found as a reader finds them: by links. */
export async function addresses(page) {
  const first = async (path, selector) => {
    await page.goto(path);
    return page.locator(selector).first().getAttribute("href");
  };
  return {
    overview: "/",
    chats: "/chats",
    chat: await first("/chats?status=ACHIEVED", "main tbody th a"),
    missed: await first("/chats?status=MISSED", "main tbody th a"),
    managers: "/managers",
    manager: await first("/managers?sort=ended", "main tbody th a"),
    nobody: "/nobody",
    goals: "/goals",
    "dead letters": "/dead-letters",
    "dead letter": await first("/dead-letters", "main tbody th a"),
    "not found": "/chats/there-is-none",
  };
}
