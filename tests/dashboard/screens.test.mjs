// Every screen, in both themes, on a desk and on a phone, with scripts and without.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { REFUSED, addresses, close, launch, openPage, ready, until, violations } from "./browser.mjs";

let browser;
let screens;

before(async () => {
  browser = await launch();
  const page = await openPage(browser, { scripts: false });
  // Until there is one of everything.
  await until("there are a missed chat and a dead letter", async () => {
    await page.goto("/chats?status=MISSED");
    const missed = await page.locator("main tbody tr").count();
    await page.goto("/dead-letters");
    return missed > 0 && (await page.locator("main tbody tr").count()) > 3;
  });
  screens = await addresses(page);
  await page.context().close();
});

after(() => browser?.close());

for (const theme of ["light", "dark"]) {
  test(`every screen keeps to the accessibility rules, ${theme}`, async () => {
    const found = [];
    for (const [name, path] of Object.entries(screens)) {
      const page = await openPage(browser, { theme });
      await page.goto(path);
      await ready(page);
      assert.equal(await page.locator("h1").count(), 1, `${name} has one h1`);
      found.push(...(await violations(page)).map((violation) => `${name}: ${violation}`));
      await close(page, name === "not found" ? REFUSED : undefined);
    }
    assert.deepEqual(found, []);
  });
}

test("no screen scrolls sideways on a phone, and every text can be read there", async () => {
  for (const scripts of [true, false]) {
    for (const [name, path] of Object.entries(screens)) {
      const page = await openPage(browser, { width: 360, height: 740, scripts });
      await page.goto(path);
      if (scripts) await ready(page);
      const how = `${name}, ${scripts ? "with" : "without"} scripts`;
      const { width, read, small } = await page.evaluate(() => {
        const texts = [...document.querySelectorAll("main *")].filter(
          (of) => of.checkVisibility() && [...of.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim()),
        );
        const small = texts.filter((of) => parseFloat(getComputedStyle(of).fontSize) < 11);
        return {
          width: document.documentElement.scrollWidth,
          read: texts.length,
          small: small.map((of) => of.outerHTML.slice(0, 100)),
        };
      });
      assert.ok(width <= 360, `${how} is ${width} wide`);
      assert.ok(read > 0, how);
      assert.deepEqual(small, [], how);
      await close(page, name === "not found" ? REFUSED : undefined);
    }
  }
});

test("without scripts every screen is complete", async () => {
  const page = await openPage(browser, { scripts: false });
  for (const [name, path] of Object.entries(screens)) {
    await page.goto(path);
    assert.equal(await page.locator("h1").count(), 1, name);
    assert.equal(await page.locator("nav[aria-label=Screens] a").count(), 5, name);
  }
  await page.goto(screens.managers);
  assert.ok((await page.locator("figure.chart tbody tr").count()) > 0, "the figures of the chart are a table");
  await page.goto(screens.chat);
  assert.ok(await page.locator("svg.timeline rect.bar").count(), "the time line is there");
  assert.ok(await page.locator(".steps li.holds").count(), "and why");
  await page.goto("/chats");
  await page.selectOption("#status", "MISSED");
  await page.click("text=Filter");
  const shown = await page.locator("main tbody td .status").allTextContents();
  assert.deepEqual([...new Set(shown)], ["Missed"]);
  await close(page, REFUSED);
});

test("the policy forbids what is inline, and nothing inline is there", async () => {
  const page = await openPage(browser, { scripts: false });
  for (const [name, path] of Object.entries(screens)) {
    const answer = await page.goto(path);
    const headers = answer.headers();
    assert.match(headers["content-security-policy"], /default-src 'none'; style-src 'self'; script-src 'self'/, name);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    const text = await answer.text();
    assert.doesNotMatch(text, /\sstyle="|\son[a-z]+="|<script>|<style/, name);
    assert.doesNotMatch(text, /(src|href)="(https?:)?\/\//, name);
  }
  await close(page, REFUSED);
});

test("assets are kept for ever under their version, and not without it", async () => {
  const page = await openPage(browser, { scripts: false });
  await page.goto("/");
  const sheet = await page.locator("link[rel=stylesheet]").first().getAttribute("href");
  const kept = await page.request.get(sheet);
  assert.match(kept.headers()["cache-control"], /immutable/);
  const bare = await page.request.get(sheet.split("?")[0]);
  assert.equal(bare.headers()["cache-control"], "no-cache");
  assert.equal((await page.request.get("/assets/none.js")).status(), 404);
  await close(page);
});
