// Runs before the first paint, so that no page flashes in the wrong colors. The choice is stored; the default is the system's.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("theme") ?? "auto";
    } catch {
      return "auto"; // storage may be forbidden
    }
  };
  const apply = () => {
    const theme = chosen();
    document.documentElement.dataset.theme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    document.dispatchEvent(new Event("theme"));
  };
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);
  document.addEventListener("choose-theme", apply);
  apply();
})();
