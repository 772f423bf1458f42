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
  const page = await openPage(browser, { scripts: false });
  // The one that has not changed for longest: its id is short, and few others have a part of it.
  await page.goto("/chats?order=oldest");
  const id = await page.locator("main tbody th a").first().textContent();
  const part = id.slice(1);
  await page.goto(`/chats?order=oldest&text=${encodeURIComponent(part)}`);
  assert.ok((await page.locator("main tbody th a").allTextContents()).includes(id));
  for (const row of await page.locator("main tbody tr").allInnerTexts()) assert.ok(row.includes(part), row);
  await page.goto("/chats?text=there-is-none");
  assert.match(await page.locator("main .empty").textContent(), /no such chat/);
  await close(page);
});

test("pages follow each other without a chat twice", async () => {
  const page = await openPage(browser, { scripts: false });
  const ids = () => page.locator("main tbody th a").allTextContents();
  const times = async () => (await page.locator("main tbody td:nth-child(8) time").evaluateAll((all) => all.map((of) => of.dateTime))).map(Date.parse);
  const next = page.locator("a[rel=next]");
  // Oldest first: a chat that changes goes to the end, so the first two of three pages have none in common.
  let first;
  await until("there is a third page", async () => {
    await page.goto("/chats?order=oldest");
    first = { ids: await ids(), times: await times() };
    if (!(await next.count())) return false;
    await next.click();
    return next.count();
  });
  assert.match(page.url(), /cursor=/);
  assert.match(page.url(), /order=oldest/);
  const second = { ids: await ids(), times: await times() };
  assert.deepEqual([first.ids.length, second.ids.length], [50, 50]);
  assert.deepEqual(second.ids.filter((id) => first.ids.includes(id)), []);
  const all = [...first.times, ...second.times];
  assert.deepEqual(all, [...all].sort((a, b) => a - b), "the order goes on");
  await page.click("text=First page");
  assert.doesNotMatch(page.url(), /cursor=/);
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
  const number = async (of) => Number((await of.textContent()).replaceAll(",", ""));
  const total = (name) => page.locator("ul.totals li", { has: page.locator(`.status:text-is("${name}")`) }).locator("a");
  for (const name of ["Achieved", "Measuring", "Awaiting reply", "Missed", "None"]) {
    await until(`there are chats that show ${name}`, async () => {
      await page.goto("/");
      return total(name).count();
    });
    await total(name).click();
    const shown = await page.locator("main tbody td .status").allTextContents();
    assert.deepEqual([...new Set(shown)], [name]);
  }
  // Chats come and none goes: what is counted between two looks at a number lies between them.
  const smallest = async () => {
    await page.goto("/");
    const links = page.locator("#channels-title ~ .scroll tbody td:nth-child(3) a");
    const numbers = (await links.allTextContents()).map((text) => Number(text.replaceAll(",", "")));
    return links.nth(numbers.indexOf(Math.min(...numbers)));
  };
  const link = await smallest();
  const [before, href] = [await number(link), await link.getAttribute("href")];
  const found = new Set();
  // A chat that changes goes to the newest; where a deadline passes, which is dated when it was, it may go back. A walk that
  // it went behind does not meet it, the walk from the other end does.
  for (const order of ["oldest", "newest"]) {
    await page.goto(`${href}&order=${order}`);
    for (;;) {
      for (const id of await page.locator("main tbody th a").allTextContents()) found.add(id);
      const next = page.locator("a[rel=next]");
      if (!(await next.count())) break;
      await next.click();
    }
  }
  await page.goto("/");
  const now = await number(page.locator(`#channels-title ~ .scroll tbody td:nth-child(3) a[href="${href}"]`));
  assert.ok(before > 0 && before <= found.size && found.size <= now, `${before} <= ${found.size} <= ${now}`);
  await close(page);
});

test("the verdict's number leads to the dead letters", async () => {
  const page = await openPage(browser, { scripts: false });
  const link = page.locator("h1.verdict a");
  await until("there is one", async () => {
    await page.goto("/");
    return link.count();
  });
  assert.match(await link.textContent(), /^(more than )?\d+ records?$/);
  await link.click();
  assert.equal(new URL(page.url()).pathname, "/dead-letters");
  assert.ok((await rows(page)) > 0);
  await close(page);
});

test("managers have both rates, a sample and a change, and each count leads to chats", async () => {
  const page = await openPage(browser);
  await page.goto("/managers?channel=web-shop&sort=ended");
  await ready(page);
  const head = (await page.locator("main table").first().locator("thead th").allTextContents()).map((name) => name.trim());
  assert.deepEqual(head, ["Manager", "Measured", "Achieved", "Missed", "Ended (sample)", "Closes", "Achieved / ended", "Achieved of ended"]);
  const managers = page.locator("main table").first().locator("tbody tr:not(.whole) th a");
  const name = (await managers.allTextContents()).find((name) => name !== "nobody");
  // By name: others may come before it while the page is kept up to date.
  const row = page.locator("main table").first().locator("tbody tr").filter({ has: page.locator(`th a:text-is("${name}")`) });
  assert.match(await row.locator("td").nth(5).textContent(), /\d %/);
  assert.ok(await page.locator("tr.whole th", { hasText: "The whole channel" }).count());
  for (const [column, about, words] of [
    [1, "achieved", /achieved their goal on these dates/],
    [4, "closes", /how often chats were closed/],
    [5, "rate", /divides/],
    [6, "ended-rate", /is the share of those/],
  ]) {
    await page.goto("/managers?channel=web-shop&sort=ended");
    await row.locator("td").nth(column).locator("a").click();
    await page.waitForURL(new RegExp(`/chats\\?.*about=${about}$`));
    const asked = new URL(page.url()).searchParams;
    assert.deepEqual([asked.get("channel"), asked.get("manager"), asked.get("status")], ["web-shop", name, column === 1 ? "ACHIEVED" : null]);
    assert.match(await page.locator(".notice").textContent(), words, "it says what the list can show");
    assert.deepEqual([...new Set(await page.locator("main tbody td:nth-child(5)").allTextContents())], [name]);
  }
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
  await until("there are two days", async () => (await page.locator("figure.chart tbody tr").count()) > 1);
  await page.waitForSelector("figure.chart .uplot canvas");
  assert.equal(await page.locator("figure.chart .u-legend .u-series").count(), 4);
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
  assert.ok(reasons.length > 0 && reasons.every((reason) => reason.includes("TOO_LATE")));
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
