/** Buttons that copy a text of the page (`data-copy`: its id), where the browser lets them. */

const TOLD_MS = 2_000;

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  const label = button.textContent;
  const place = document.getElementById(button.dataset.copy);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(place.value ?? place.textContent);
    button.textContent = button.dataset.copied;
    setTimeout(() => (button.textContent = label), TOLD_MS);
  });
}
