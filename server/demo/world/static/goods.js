// The goods panel: choose an article, move its price, run its sale, count its pieces.

import { act, choice, h, panel, slider } from "./parts.js";
import { fill, lang, moment, money, words } from "./text.js";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const ENDS = {
  in1: () => new Date(Date.now() + MINUTE_MS),
  in10: () => new Date(Date.now() + 10 * MINUTE_MS),
  tonight: () => new Date(new Date().setHours(24, 0, 0, 0)),
  week: () => new Date(new Date().setHours(24, 0, 0, 0) + 6 * DAY_MS),
};

export function goodsPanel(world) {
  let sku = world.products[0].sku;
  let articles = new Map();
  const product = () => world.products.find((one) => one.sku === sku);

  const shelf = h("div", { className: "shelf", role: "radiogroup" });
  shelf.setAttribute("aria-label", words.choose);
  for (const one of world.products) {
    const input = h("input", { type: "radio", name: "sku", value: one.sku, checked: one.sku === sku });
    input.addEventListener("change", () => { sku = one.sku; show(); });
    shelf.append(h("label", { title: one.title[lang] }, input,
      h("img", { src: `/pictures/${one.picture}`, alt: "" }), h("span", {}, one.name)));
  }

  const name = h("h3", {});
  const lead = h("p", { className: "lead" });
  const figure = h("p", { className: "figure num" });
  const running = h("p", { className: "running" });
  const price = slider({
    label: words.price, min: 0, max: 1, step: 10, show: money,
    send: (minor) => act("/shop/price", { sku, price: (minor / 100).toFixed(2) }),
  });
  const sale = slider({ label: words.sale, min: 0, max: 1, step: 10, show: money, send: () => {} });
  const ends = choice({
    label: words.until, options: Object.keys(ENDS).map((key) => [key, words[key]]), send: () => {},
  });
  ends.set("week");
  const start = h("button", {
    type: "button", className: "btn go",
    onclick: () => act("/shop/sale", {
      sku,
      sale_price: (Number(sale.input.value) / 100).toFixed(2),
      until: ENDS[ends.select.value]().toISOString(),
    }),
  }, words.start);
  const end = h("button", {
    type: "button", className: "btn", onclick: () => act("/shop/sale-end", { sku }),
  }, words.end);
  const stock = world.stores.map((store) => stockRow(store, () => sku));

  function show() {
    const article = articles.get(sku);
    const first = product().first_price_minor;
    const off = article.sale_price_minor;
    name.textContent = product().name;
    lead.textContent = product().lead[lang];
    const begun = off !== null && new Date(article.sale_from ?? 0) <= new Date();
    figure.textContent = money(begun ? off : article.price_minor);
    const until = article.sale_until ? fill(words.untilAt, { at: moment(article.sale_until) }) : "";
    running.textContent = off === null ? words.noSale : fill(words.running, { price: money(off), until });
    Object.assign(price.input, { min: Math.round(first / 20) * 10, max: Math.round(first / 5) * 10 });
    Object.assign(sale.input, { min: Math.round(first / 50) * 10, max: article.price_minor - 10 });
    price.set(article.price_minor);
    if (document.activeElement !== sale.input) sale.set(off ?? Math.round(article.price_minor / 13.3) * 10);
    end.disabled = off === null;
    stock.forEach((row) => row.set(article.stock));
  }

  const element = panel(words.goods, shelf,
    h("div", { className: "chosen" },
      h("div", { className: "named" }, h("div", {}, name, lead), h("div", { className: "priced" }, figure, running)),
      price.row, sale.row,
      h("div", { className: "saleacts" }, ends.row, start, end),
      h("h4", {}, words.stock), h("div", { className: "stocks" }, ...stock.map((row) => row.element))));
  return {
    element,
    sync(state) {
      articles = new Map(state.shop.articles.map((article) => [article.sku, article]));
      show();
    },
  };
}

function stockRow(store, sku) {
  const id = `stock-${store.code}`;
  const send = (quantity) =>
    act("/shop/stock", { sku: sku(), store: store.code, quantity: Math.max(0, Math.trunc(quantity) || 0) });
  const input = h("input", { id, type: "number", min: 0, max: 9999, step: 1, className: "num" });
  input.addEventListener("change", () => send(Number(input.value)));
  const step = (by, label, sign) => h("button", {
    type: "button", className: "step", ariaLabel: `${store.plate} : ${label}`,
    onclick: () => { input.value = Math.max(0, Number(input.value) + by); send(Number(input.value)); },
  }, sign);
  const element = h("div", { className: "stock" }, h("label", { htmlFor: id }, store.plate),
    step(-1, words.less, "\u2212"), input, step(1, words.more, "+"));
  return { element, set(stock) { if (document.activeElement !== input) input.value = stock[store.code]; } };
}
