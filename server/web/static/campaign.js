/** Planning: says aloud what the form came to after each change. */

const heard = document.getElementById("heard");

window.Idiomorph.defaults.ignoreActiveValue = true;  // What is being typed stays.

document.body.addEventListener("htmx:afterSettle", () => {
  const wrong = [...document.querySelectorAll("#sheet .wrongly")].map((one) => one.textContent);
  heard.textContent = wrong.length ? wrong.join(" ") : document.querySelector(".beside h2").textContent;
});
