/** What every page has: the switch between light and dark. */

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.addEventListener("click", () => {
    const { dataset } = document.documentElement;
    dataset.theme = dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("enseigne-theme", dataset.theme);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  });
}

// On a phone the rooms slide: the current one is in sight.
document.querySelector(".mast nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
