// The keyboard: g and a letter go to a screen, / to the filter, j and k through the rows, ? shows them all.

const SCREENS = { o: "/", c: "/chats", m: "/managers", g: "/goals", d: "/dead-letters" };
const PATIENCE_MS = 1_500;

export function startKeys(tools) {
  const dialog = document.getElementById("keys");
  const button = document.createElement("button");
  button.className = "plain";
  button.type = "button";
  button.textContent = "Keys";
  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", () => dialog.showModal());
  tools.append(button);

  let goes = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open || isTyping(event.target)) return;
    const going = Date.now() - goes < PATIENCE_MS;
    goes = 0;
    if (going && SCREENS[event.key]) location.assign(SCREENS[event.key]);
    else if (event.key === "g") goes = Date.now();
    else if (event.key === "?") dialog.showModal();
    else if (event.key === "/") focusFilter();
    else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
    else return;
    event.preventDefault();
  });
}

const isTyping = (target) => target.matches?.("input:not([type=range]), select, textarea, [contenteditable]");

function focusFilter() {
  const field = document.querySelector("main .filter input, main .filter select");
  field?.focus();
  field?.select?.();
}

function step(by) {
  const rows = [...document.querySelectorAll("main table tbody tr")].filter(
    (row) => row.querySelector("a") && row.checkVisibility(),
  );
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const to = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
  rows[to]?.querySelector("a").focus();
}
