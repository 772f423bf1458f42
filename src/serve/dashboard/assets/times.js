// Times as people say them ("3 h ago"), with the exact one in the title. Now is the server's, which the page tells.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function tellTimes(root) {
  const page = root.documentElement ?? document.documentElement;
  const now = Number(page.dataset.now);
  if (!now) return;
  for (const time of root.querySelectorAll("time[data-relative]")) {
    const exact = time.getAttribute("datetime");
    time.title = exact;
    time.textContent = relative((Date.parse(exact) - now) / 1000);
  }
}

export function relative(seconds) {
  const size = Math.abs(seconds);
  if (size < 1) return "now";
  const words =
    size < MINUTE ? `${Math.floor(size)} s`
    : size < HOUR ? `${Math.floor(size / MINUTE)} min`
    : size < 2 * DAY ? `${Math.floor(size / HOUR)} h`
    : `${Math.floor(size / DAY)} days`;
  return seconds < 0 ? `${words} ago` : `in ${words}`;
}
