// Puts the remembered theme on before the first paint; that is why it is no module. It reads one word and sets one
// attribute.
(function () {
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (refused) {
    // Without storage the system's theme it is.
  }
})();
