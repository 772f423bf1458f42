// What scripts add: live updates that disturb nobody, keys, themes, times.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { close, launch, openPage, ready, until } from "./browser.mjs";

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

const chats = async (page) => Number((await page.locator("ul.totals strong").first().textContent()).replaceAll(",", ""));

test("a number changes without a reload, and focus and scroll stay", async () => {
  const page = await openPage(browser, { height: 500 });
  await page.goto("/");
  await ready(page);
  await until("it hears the server", async () => (await page.locator(".live").textContent()) === "Live");
  await page.evaluate(() => { window.same = true; });
  const link = page.locator("#channels-title ~ .scroll tbody th a").nth(1);
  await link.focus();
  const focused = await link.textContent();
  await page.evaluate(() => scrollTo(0, 120));
  const before = await chats(page);
  await until("there are more chats", async () => (await chats(page)) > before);
  assert.ok(await page.evaluate(() => window.same), "it is the same page");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), focused);
  assert.equal(await page.evaluate(() => scrollY), 120);
  await close(page);
});

test("live updates can be paused", async () => {
  const page = await openPage(browser);
  await page.goto("/");
  await ready(page);
  const live = page.locator(".live");
  await until("it hears the server", async () => (await live.textContent()) === "Live");
  await live.click();
  assert.equal(await live.getAttribute("aria-pressed"), "true");
  // An answer that was under way may still come in.
  await page.waitForLoadState("networkidle").catch(() => {});
  const asked = [];
  page.on("request", (request) => { if (request.resourceType() === "fetch") asked.push(request.url()); });
  const before = await chats(page);
  const other = await openPage(browser);
  await other.goto("/");
  await until("there are more chats elsewhere", async () => (await chats(other)) > before + 2);
  await close(other);
  assert.equal(await chats(page), before);
  assert.deepEqual(asked, []);
  await live.click();
  await until("it goes on", async () => (await chats(page)) > before);
  await close(page);
});

test("what is typed stays while the page is kept up to date", async () => {
  const page = await openPage(browser);
  await page.goto("/chats");
  await ready(page);
  await page.fill("#text", "abc");
  await page.selectOption("#status", "MISSED");
  const first = await page.locator("main tbody th").first().textContent();
  await until("another chat comes first", async () => (await page.locator("main tbody th").first().textContent()) !== first);
  assert.equal(await page.inputValue("#text"), "abc");
  assert.equal(await page.inputValue("#status"), "MISSED");
  await close(page);
});

for (const path of ["/chats", "/managers"]) {
  test(`what is chosen on ${path} stays when there is another channel`, async () => {
    const page = await openPage(browser);
    await page.goto(path);
    await ready(page);
    await page.selectOption("#channel", "clinic");
    // From now on the server says that there is one more, which comes first.
    await page.route((url) => url.pathname === path, async (route) => {
      const answer = await route.fetch();
      const text = (await answer.text()).replace(/<option[^>]*>clinic<\/option>/, (option) => option.replaceAll("clinic", "aaa") + option);
      await route.fulfill({ response: answer, body: text });
    });
    await until("it is there", async () => await page.locator("#channel option[value=aaa]").count());
    assert.equal(await page.inputValue("#channel"), "clinic");
    // The page may be asking right now, and an answer that is changed here must not outlive it.
    await page.unrouteAll({ behavior: "wait" });
    await close(page);
  });
}

test("keys lead to every screen", async () => {
  const page = await openPage(browser);
  await page.goto("/");
  for (const [key, path] of [["c", "/chats"], ["m", "/managers"], ["g", "/goals"], ["d", "/dead-letters"], ["o", "/"]]) {
    await ready(page);
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.waitForURL((url) => url.pathname === path);
  }
  await close(page);
});

test("keys go to the filter, through the rows, and show themselves", async () => {
  const page = await openPage(browser);
  await page.goto("/chats");
  await ready(page);
  // Rows move while the page is live: what counts is how far a key goes from where the focus was.
  const goes = async (key) => {
    const row = await page.evaluateHandle(() => document.activeElement.closest("tr"));
    await page.keyboard.press(key);
    return page.evaluate((row) => document.activeElement.closest("tr").rowIndex - (row?.rowIndex ?? 0), row);
  };
  assert.equal(await goes("j"), 1, "the first row");
  assert.equal(await goes("j"), 1);
  assert.equal(await goes("k"), -1);
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "text");
  await page.keyboard.type("j?g");
  assert.equal(await page.inputValue("#text"), "j?g", "in a field they are letters");
  await page.keyboard.press("Tab");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("?");
  assert.ok(await page.locator("dialog#keys").isVisible());
  await page.keyboard.press("Escape");
  assert.ok(!(await page.locator("dialog#keys").isVisible()));
  await close(page);
});

test("the first Tab skips to the content", async () => {
  const page = await openPage(browser);
  await page.goto("/chats");
  await ready(page);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await close(page);
});

test("a theme is chosen and remembered", async () => {
  const page = await openPage(browser, { theme: "light" });
  await page.goto("/");
  await ready(page);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.click("#theme");
  assert.equal(await page.locator("#theme").textContent(), "Theme: light");
  await page.click("#theme");
  assert.equal(await page.locator("#theme").textContent(), "Theme: dark");
  assert.notEqual(await ground(), light);
  await page.goto("/chats");
  await ready(page);
  assert.equal(await page.locator("#theme").textContent(), "Theme: dark");
  assert.notEqual(await ground(), light);
  await page.click("#theme");
  assert.equal(await page.locator("#theme").textContent(), "Theme: auto");
  assert.equal(await ground(), light);
  await close(page);
});

test("times are told as people say them, with the exact one in the title", async () => {
  const page = await openPage(browser);
  await page.goto("/chats");
  await ready(page);
  const time = page.locator("main tbody tr").first().locator("td time").last();
  assert.match(await time.textContent(), /^(now|(in )?\d+ (s|min|h|days)( ago)?)$/);
  assert.match(await time.getAttribute("title"), /^\d{4}-\d\d-\d\dT.*Z$/);
  await close(page);
});

test("the throughput is drawn", async () => {
  const page = await openPage(browser);
  await page.goto("/");
  await ready(page);
  await page.waitForSelector("figure.chart .uplot canvas");
  await close(page);
});
