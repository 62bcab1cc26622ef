// Before the first paint: the theme that was chosen here, else the system's. A classic script in the head on purpose.
(() => {
  const kept = () => {
    try {
      return localStorage.getItem("enseigne-theme");
    } catch {
      return null;
    }
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const asked = new URLSearchParams(location.search).get("theme");
  const apply = () => {
    const wanted = asked ?? kept();
    const known = wanted === "light" || wanted === "dark";
    document.documentElement.dataset.theme = known ? wanted : system.matches ? "dark" : "light";
  };
  system.addEventListener("change", apply);
  apply();
})();
