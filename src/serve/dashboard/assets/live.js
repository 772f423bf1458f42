// Keeps the page up to date: when the server says that something changed, the page is asked for again and what differs
// is put into this one. It rests while the page is hidden, while text is selected, and when it is told to.

import { morph } from "./morph.js";
import { tellTimes } from "./times.js";

const BETWEEN_MS = 1_000;
const AT_LEAST_EVERY_MS = 5_000;

let ask = async () => {};
/** Takes another address for this page and shows it, without leaving it. */
export const show = (address) => {
  history.replaceState(null, "", address);
  return ask(true);
};

export function startLive(tools, changed) {
  const main = document.getElementById("main");
  const button = document.createElement("button");
  button.className = "plain live";
  button.type = "button";
  tools.append(button);
  let paused = false;
  let connected = false;
  let due = false;
  let asking = false;
  let again = false;
  let last = Date.now();

  const tell = () => {
    const rests = main.dataset.live === "off";
    button.hidden = rests;
    button.dataset.state = connected && !paused ? "on" : "off";
    button.textContent = paused ? "Paused" : connected ? "Live" : "Connecting";
    button.setAttribute("aria-pressed", String(paused));
    button.title = paused ? "Go on with live updates" : "Pause live updates";
  };

  const selecting = () => {
    const selection = getSelection();
    return selection && !selection.isCollapsed && main.contains(selection.anchorNode);
  };

  ask = async (forced = false) => {
    if (asking) {
      again ||= forced;
      return;
    }
    asking = true;
    due = false;
    try {
      const asked = location.href;
      const answer = await fetch(asked, { headers: { accept: "text/html" }, cache: "no-store" });
      if (answer.redirected && new URL(answer.url).pathname === "/login") return location.reload();
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      const nextMain = next.getElementById("main");
      if (!nextMain || location.href !== asked || (!forced && selecting())) return;
      tellTimes(next);
      document.documentElement.dataset.now = next.documentElement.dataset.now;
      document.title = next.title;
      morph(main, nextMain);
      main.dispatchEvent(new CustomEvent("shown"));
      changed();
      tell();
    } catch {
      // The next turn asks again; the button tells that the connection is gone.
    } finally {
      asking = false;
      last = Date.now();
      // Another address was taken meanwhile.
      if (again) {
        again = false;
        ask(true);
      }
    }
  };

  const rests = () => paused || document.hidden || main.dataset.live === "off";
  setInterval(() => {
    const waited = Date.now() - last;
    if (!rests() && waited >= BETWEEN_MS && (due || waited >= AT_LEAST_EVERY_MS)) ask();
  }, 250);

  // A page that nobody sees holds no connection: a browser has few for one server.
  let source;
  const listen = () => {
    source?.close();
    source = undefined;
    connected = false;
    if (!document.hidden && main.dataset.live !== "off") {
      source = new EventSource(tools.dataset.events);
      source.addEventListener("open", () => { connected = true; tell(); });
      source.addEventListener("error", () => { connected = false; tell(); });
      for (const kind of tools.dataset.kinds.split(" ")) source.addEventListener(kind, () => { due = true; });
    }
    tell();
  };
  document.addEventListener("visibilitychange", () => {
    due = true;
    listen();
  });
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  button.addEventListener("click", () => {
    paused = !paused;
    due = true;
    tell();
  });
  listen();
}
