/** Planning: says aloud what the form came to after each change. */

const heard = document.getElementById("heard");

document.body.addEventListener("htmx:afterSettle", () => {
  const wrong = [...document.querySelectorAll("#sheet .wrongly")].map((one) => one.textContent);
  heard.textContent = wrong.length ? wrong.join(" ") : document.querySelector(".beside h2").textContent;
});
