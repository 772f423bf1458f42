// The theme: the system's, light or dark, remembered in this browser.

const THEMES = ["auto", "light", "dark"];

export function startThemes(tools, changed) {
  const button = document.createElement("button");
  button.className = "plain";
  button.type = "button";
  button.id = "theme";
  const tell = () => {
    button.textContent = `Theme: ${chosen()}`;
  };
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // It lasts as long as the page then.
    }
    tell();
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  tools.append(button);
  tell();
}

const chosen = () => document.documentElement.dataset.theme ?? "auto";
