/** The page of one file: offers the shop's products while a name is typed. */

const WAIT_MS = 150;

const goods = document.querySelector("#goods");
let timer = 0;
let last = null;

async function offer(named) {
  if (named === last) return;
  last = named;
  const answer = await fetch(`${goods.dataset.goods}?named=${encodeURIComponent(named)}`);
  if (!answer.ok || named !== last) return;
  goods.replaceChildren(
    ...(await answer.json()).map((one) => {
      const option = document.createElement("option");
      option.value = `${one.name} · ${one.sku}`;
      return option;
    }),
  );
}

for (const input of document.querySelectorAll("input[name=sku]")) {
  input.addEventListener("focus", () => offer(""));
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => offer(input.value.trim()), WAIT_MS);
  });
}
