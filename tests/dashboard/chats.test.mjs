// The list of chats, the leaderboard and the dead letters: filters, deep links, pages, files.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { REFUSED, close, launch, openPage, ready, until } from "./browser.mjs";

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

const rows = (page) => page.locator("main tbody tr").count();

test("filters are in the address, and the address is the filter", async () => {
  const page = await openPage(browser);
  await page.goto("/chats");
  await ready(page);
  await page.selectOption("#status", "ACHIEVED");
  await page.selectOption("#channel", "clinic");
  await page.click("text=Filter");
  await page.waitForURL(/status=ACHIEVED/);
  assert.match(page.url(), /channel=clinic/);
  const channels = await page.locator("main tbody td:nth-child(3)").allTextContents();
  assert.deepEqual([...new Set(channels)], ["clinic"]);
  assert.equal(await page.inputValue("#status"), "ACHIEVED");
  const other = await openPage(browser);
  await other.goto(page.url());
  assert.equal(await other.inputValue("#channel"), "clinic");
  await close(other);
  await close(page);
});

test("a chat is found by a part of its id", async () => {
  const page = await openPage(browser);
  await page.goto("/chats");
  const id = await page.locator("main tbody th a").first().textContent();
  await page.goto(`/chats?text=${id.slice(0, 3)}`);
  assert.ok(await page.locator("main tbody th a", { hasText: id }).count() || (await rows(page)) === 50);
  await page.goto("/chats?text=there-is-none");
  assert.match(await page.locator("main .empty").textContent(), /no such chat/);
  await close(page);
});

test("pages follow each other without a chat twice", async () => {
  const page = await openPage(browser, { scripts: false });
  // Oldest first: what is new comes after everything.
  await until("there is a second page", async () => {
    await page.goto("/chats?order=oldest");
    return page.locator("a[rel=next]").count();
  });
  await page.goto("/chats?order=oldest&status=NONE");
  const first = await page.locator("main tbody th a").allTextContents();
  const next = page.locator("a[rel=next]");
  if (await next.count()) {
    await next.click();
    assert.match(page.url(), /cursor=/);
    const second = await page.locator("main tbody th a").allTextContents();
    assert.deepEqual(second.filter((id) => first.includes(id)), []);
    await page.click("text=First page");
    assert.doesNotMatch(page.url(), /cursor=/);
  }
  await page.goto("/chats?order=oldest");
  await page.locator("a[rel=next]").click();
  assert.match(page.url(), /order=oldest&cursor=|cursor=.*order=oldest/);
  await close(page);
});

test("what cannot be understood is said", async () => {
  const page = await openPage(browser, { scripts: false });
  for (const path of ["/chats?status=DONE", "/chats?from=soon", "/chats?cursor=x", "/managers?from=2026-03-09&to=2026-03-01"]) {
    const answer = await page.goto(path);
    assert.equal(answer.status(), 400, path);
    assert.equal(await page.locator("h1").textContent(), "This cannot be understood");
  }
  assert.equal((await page.goto("/chats/there-is-none")).status(), 404);
  assert.equal((await page.goto("/no/such/page")).status(), 404);
  await close(page, REFUSED);
});

test("numbers of the overview lead to as many chats", async () => {
  const page = await openPage(browser, { scripts: false });
  await page.goto("/");
  const link = page.locator("ul.totals li", { hasText: "None" }).locator("a");
  if (await link.count()) {
    await link.click();
    assert.match(page.url(), /status=NONE/);
    assert.ok((await rows(page)) > 0);
  }
  await page.goto("/");
  await page.locator("ul.totals li", { hasText: "Achieved" }).locator("a").click();
  const shown = await page.locator("main tbody td .status").allTextContents();
  assert.deepEqual([...new Set(shown)], ["Achieved"]);
  await close(page);
});

test("managers have both rates, a sample and a change, and each count leads to chats", async () => {
  const page = await openPage(browser);
  await page.goto("/managers?channel=web-shop&sort=ended");
  await ready(page);
  const head = (await page.locator("main table").first().locator("thead th").allTextContents()).map((name) => name.trim());
  assert.deepEqual(head, ["Manager", "Measured", "Achieved", "Missed", "Ended (sample)", "Closes", "Achieved / ended", "Achieved of ended"]);
  const row = page.locator("main table").first().locator("tbody tr").first();
  assert.match(await row.locator("td").nth(5).textContent(), /\d %/);
  assert.ok(await page.locator("tr.whole th", { hasText: "The whole channel" }).count());
  const name = await row.locator("th").textContent();
  await row.locator("td").nth(1).locator("a").click();
  await page.waitForURL(/status=ACHIEVED/);
  assert.match(page.url(), new RegExp(`manager=${name.trim()}`));
  assert.ok(await page.locator(".notice").count(), "it says what the list can show");
  const managers = await page.locator("main tbody td:nth-child(5)").allTextContents();
  assert.deepEqual([...new Set(managers)].filter((of) => of !== name.trim()), []);
  await close(page);
});

test("the leaderboard can be sorted and its period chosen", async () => {
  const page = await openPage(browser);
  await page.goto("/managers");
  await page.locator("thead a", { hasText: "Missed" }).click();
  await page.waitForURL(/sort=missed/);
  assert.equal(await page.locator("th[aria-sort=descending]").textContent(), "Missed");
  const missed = (await page.locator("main table").first().locator("tbody tr:not(.whole) td:nth-child(4)").allTextContents()).map(Number);
  assert.deepEqual(missed, [...missed].sort((a, b) => b - a));
  await page.click("text=7 days");
  await page.waitForURL(/from=.*to=/);
  // Today may be another day by now: simulated time runs fast.
  const days = (Date.parse(await page.inputValue("#to")) - Date.parse(await page.inputValue("#from"))) / 86_400_000;
  assert.equal(days, 6, "both ends belong to it");
  await close(page);
});

test("the figures come as a file", async () => {
  const page = await openPage(browser, { scripts: false });
  await page.goto("/managers?channel=clinic");
  const href = await page.locator("a[download]").getAttribute("href");
  const answer = await page.request.get(href);
  assert.match(answer.headers()["content-type"], /^text\/csv/);
  assert.match(answer.headers()["content-disposition"], /attachment; filename="managers-/);
  const lines = (await answer.text()).split("\r\n");
  assert.match(lines[0], /^channel,from,to,scope,manager,measured,achieved,missed,ended,closes,/);
  assert.ok(lines.some((line) => line.startsWith("clinic,") && line.includes(",CHANNEL,")));
  await close(page);
});

test("the chart by date is drawn from its table", async () => {
  const page = await openPage(browser);
  await page.goto("/managers");
  await ready(page);
  if ((await page.locator("figure.chart tbody tr").count()) > 1) {
    await page.waitForSelector("figure.chart .uplot canvas");
    assert.equal(await page.locator("figure.chart .u-legend .u-series").count(), 4);
  }
  await close(page);
});

test("a dead letter is shown as it came, and how to send it again", async () => {
  const page = await openPage(browser);
  await until("there are dead letters of each kind", async () => {
    await page.goto("/dead-letters");
    return (await rows(page)) > 3;
  });
  const places = await page.locator("main tbody th a").evaluateAll((links) => links.map((link) => link.href));
  let hex = 0;
  for (const place of places.slice(0, 8)) {
    await page.goto(place);
    assert.match(await page.locator("pre code").textContent(), /^chat-goals dead-letters resend \d+:\d+$/);
    assert.ok(await page.locator("tbody th", { hasText: "dead-letter.reason" }).count());
    hex += await page.locator("pre[aria-label='Value in hex']").count();
  }
  assert.ok(hex > 0, "one of them is no text");
  await page.goto("/dead-letters?reason=TOO_LATE");
  const reasons = await page.locator("main tbody td:nth-child(2)").allTextContents();
  assert.ok(reasons.every((reason) => reason.includes("TOO_LATE")));
  await close(page);
});

test("goals tell their history with counts that lead to chats", async () => {
  const page = await openPage(browser);
  await page.goto("/goals?channel=travel-desk");
  const section = page.locator("section", { has: page.locator("h2", { hasText: "travel-desk" }) });
  assert.ok((await section.locator("table").first().locator("tbody tr").count()) >= 1);
  await section.locator("table").nth(1).locator("tbody td a").first().click();
  await page.waitForURL(/\/chats\?.*goal=Booking/);
  assert.ok((await rows(page)) > 0);
  await close(page);
});
