// The way in where a token is set.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { REFUSED, close, launch, openPage, ready, violations } from "./browser.mjs";

const site = process.env.CHAT_GOALS_DASHBOARD_WITH_TOKEN;
const token = process.env.CHAT_GOALS_DASHBOARD_TOKEN;

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

test("without the token nothing is told, with it everything", async () => {
  const page = await openPage(browser, { at: site });
  await page.goto("/chats?status=MISSED");
  assert.equal(new URL(page.url()).pathname, "/login");
  assert.equal(await page.locator("nav").count(), 0);
  assert.deepEqual(await violations(page), []);
  assert.equal((await page.request.get("/events")).status(), 401);
  assert.equal((await page.request.get("/api/v1/status")).status(), 401);

  await page.fill("#token", "another");
  await page.click("button[type=submit]");
  assert.equal(await page.locator("[role=alert]").textContent(), "That is not the token.");

  await page.fill("#token", token);
  await page.click("button[type=submit]");
  await page.waitForURL(/\/chats\?status=MISSED/);
  await ready(page);
  const [cookie] = await page.context().cookies();
  assert.ok(cookie.httpOnly);
  assert.equal(cookie.sameSite, "Strict");
  assert.ok(!cookie.value.includes(token) && cookie.value.length === 64);
  await page.waitForFunction(() => document.querySelector(".live")?.textContent === "Live");

  await page.click("text=Sign out");
  await page.waitForURL(/\/login/);
  await page.goto("/");
  assert.equal(new URL(page.url()).pathname, "/login");
  await page.context().addCookies([cookie]);
  await page.goto("/");
  assert.equal(new URL(page.url()).pathname, "/login", "a session that was ended is over");
  await close(page, REFUSED);
});

test("a program still bears the token", async () => {
  const page = await openPage(browser, { at: site });
  const answer = await page.request.get("/api/v1/status", { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status(), 200);
  await close(page);
});

test("nobody is led to another site", async () => {
  const page = await openPage(browser, { at: site });
  await page.goto("/login?next=//example.org/");
  await page.fill("#token", token);
  await page.click("button[type=submit]");
  await page.waitForURL(site);
  await close(page);
});

test("a link on another site leads in, too", async () => {
  const page = await openPage(browser, { at: site });
  await page.goto("/login");
  await page.fill("#token", token);
  await page.click("button[type=submit]");
  await page.waitForURL(site);
  // Another name of this machine is another site; the other demo is what stands there.
  const elsewhere = process.env.CHAT_GOALS_DASHBOARD.replace("127.0.0.1", "localhost");
  await page.route(`${elsewhere}link`, (route) =>
    route.fulfill({ contentType: "text/html", body: `<a href="${site}goals">in</a>` }),
  );
  await page.goto(`${elsewhere}link`);
  await page.click("text=in");
  await page.waitForURL(`${site}goals`);
  await page.waitForSelector("h1:text-is('Goals')");
  page.wrong.splice(0);
  await close(page);
});
