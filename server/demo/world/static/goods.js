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

const CUTS = [10, 20, 25, 30, 50];

/** Cents after a cut of `part` percent, down to the next price that ends in 90 cents. */
const reduced = (minor, part) =>
  Math.max(10, Math.floor((minor * (100 - part)) / 10_000 - 0.9) * 100 + 90);

const onSale = (article) =>
  article.sale_price_minor !== null && new Date(article.sale_from ?? 0) <= new Date();

function saleInWords(article) {
  if (article.sale_price_minor === null) return words.noSale;
  const from = onSale(article) ? "" : fill(words.fromAt, { at: moment(article.sale_from) });
  const until = article.sale_until ? fill(words.untilAt, { at: moment(article.sale_until) }) : "";
  const values = { price: money(article.sale_price_minor), list: money(article.price_minor) };
  return [fill(words.running, values), from, until].filter(Boolean).join(" ");
}

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
    label: words.now, min: 0, max: 1, step: 10, show: money,
    send: (minor) => {
      const now = articles.get(sku);
      const wanted = (minor / 100).toFixed(2);
      if (!onSale(now)) return act("/shop/price", { sku, price: wanted });
      return act("/shop/sale", { sku, sale_price: wanted, from: now.sale_from, until: now.sale_until });
    },
  });
  const cut = choice({
    label: words.sale, options: CUTS.map((part) => [part, `\u2212${part}\u00a0%`]), send: () => {},
  });
  cut.set(25);
  const ends = choice({
    label: words.until, options: Object.keys(ENDS).map((key) => [key, words[key]]), send: () => {},
  });
  ends.set("week");
  const start = h("button", {
    type: "button", className: "btn go",
    onclick: () => act("/shop/sale", {
      sku,
      sale_price: (reduced(articles.get(sku).price_minor, Number(cut.select.value)) / 100).toFixed(2),
      until: ENDS[ends.select.value]().toISOString(),
    }),
  }, words.start);
  const end = h("button", {
    type: "button", className: "btn", onclick: () => act("/shop/sale-end", { sku }),
  }, words.end);
  const begin = h("div", { className: "saleacts" }, cut.row, ends.row, start);
  const stock = world.stores.map((store) => stockRow(store, () => sku));

  function show() {
    const article = articles.get(sku);
    const first = product().first_price_minor;
    const selling = onSale(article) ? article.sale_price_minor : article.price_minor;
    name.textContent = product().name;
    lead.textContent = product().lead[lang];
    figure.textContent = money(selling);
    running.textContent = saleInWords(article);
    const dearest = onSale(article) ? article.price_minor - 10 : Math.round(first / 5) * 10;
    Object.assign(price.input, { min: Math.round(first / 30) * 10, max: dearest });
    price.set(selling);
    begin.hidden = article.sale_price_minor !== null;
    end.hidden = article.sale_price_minor === null;
    stock.forEach((row) => row.set(article.stock));
  }

  const element = panel(words.goods, shelf,
    h("div", { className: "chosen" },
      h("div", { className: "named" }, h("div", {}, name, lead), h("div", { className: "priced" }, figure, running)),
      price.row, begin, end,
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
