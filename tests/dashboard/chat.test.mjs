// One chat: its time line, why, and what it was at an earlier moment.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { REFUSED, close, launch, openPage, ready, until } from "./browser.mjs";

let browser;
let achieved;

before(async () => {
  browser = await launch();
  const page = await openPage(browser, { scripts: false });
  // One that was achieved some time after its reply.
  achieved = await until("a chat was achieved", async () => {
    await page.goto("/chats?status=ACHIEVED&order=oldest");
    const links = page.locator("main tbody th a");
    return (await links.count()) > 0 && links.first().getAttribute("href");
  });
  await close(page);
});

after(() => browser?.close());

const status = (page) => page.locator("#status .status").textContent();

test("the time line shows rounds from reply to deadline and events that count", async () => {
  const page = await openPage(browser);
  await page.goto(achieved);
  await ready(page);
  assert.equal(await status(page), "Achieved");
  assert.ok((await page.locator("svg.timeline g.achieved rect.bar").count()) >= 1);
  assert.ok((await page.locator("svg.timeline path.mark.counts").count()) >= 1);
  assert.ok((await page.locator("svg.timeline circle.mark.reply").count()) >= 1);
  const box = await page.locator("svg.timeline").boundingBox();
  for (const bar of await page.locator("svg.timeline rect.bar").all()) {
    const inside = await bar.boundingBox();
    assert.ok(inside.x >= box.x - 2 && inside.x + inside.width <= box.x + box.width + 2, "it is inside");
  }
  await close(page);
});

test("why is told in words with the numbers of the rules", async () => {
  const page = await openPage(browser);
  await page.goto(achieved);
  assert.match(await page.locator(".steps li.holds").textContent(), /^D1.*Achieved: round \d+ was achieved at/);
  assert.match(await page.locator("#rounds-title ~ .scroll td.why").first().textContent(), /C5/);
  assert.match(await page.locator("#events-title ~ .scroll td.why").first().textContent(), /C\d/);
  await close(page);
});

test("an earlier moment is chosen by the form", async () => {
  const page = await openPage(browser, { scripts: false });
  await page.goto(achieved);
  const reply = page.locator("#said-title ~ .scroll tr", { hasText: "reply" }).first();
  const moment = await reply.locator("time").getAttribute("datetime");
  await page.fill("#as_of", moment);
  await page.click("form.as-of button");
  assert.match(page.url(), /as_of=/);
  assert.equal(await status(page), "Measuring");
  await page.locator("form.as-of a", { hasText: "Now" }).click();
  assert.equal(await status(page), "Achieved");
  await close(page);
});

test("the slider shows an earlier status without leaving the page", async () => {
  const page = await openPage(browser);
  await page.goto(achieved);
  await ready(page);
  await page.evaluate(() => { window.same = true; });
  const slider = page.locator("#slide");
  await slider.focus();
  const first = Number(await slider.getAttribute("min"));
  const replied = await page.locator("#said-title ~ .scroll tr", { hasText: "reply" }).first().locator("time").getAttribute("datetime");
  const value = Math.max(first, Date.parse(replied) + 1000);
  await slider.evaluate((of, value) => {
    of.value = String(value);
    of.dispatchEvent(new Event("input", { bubbles: true }));
  }, value);
  await until("the status is that of then", async () => (await status(page)) === "Measuring");
  assert.match(page.url(), /as_of=/);
  assert.equal(await page.evaluate(() => window.same && document.activeElement.id), "slide", "it still has the focus");
  assert.match(await page.locator("#status").textContent(), /as of/);
  await slider.evaluate((of) => {
    of.value = of.max;
    of.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await until("the status is that of now", async () => (await status(page)) === "Achieved");
  assert.ok(await page.evaluate(() => window.same));
  await close(page);
});

test("a moment before the chat began is said to be one", async () => {
  const page = await openPage(browser, { scripts: false });
  const answer = await page.goto(`${achieved}?as_of=2020-01-01`);
  assert.equal(answer.status(), 404);
  assert.match(await page.locator(".lead").textContent(), /Nothing of chat .* is dated up to/);
  await close(page, REFUSED);
});
