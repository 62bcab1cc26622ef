/** The enamel plate of a new screen: six characters, French first, English below. */

import { drawing, el, picture, text } from "../dom.js";
import { fingerprintGroups, groups } from "../pairing.js";
import { fitted, part } from "./parts.js";

const SIGN = [
  ["path", { d: "M5 2.500v35", fill: "none", stroke: "currentColor", "stroke-width": "5" }],
  ["path", { d: "M4 8h31", fill: "none", stroke: "currentColor", "stroke-width": "4" }],
  ["path", { d: "M15.500 9v8M30.500 9v8", fill: "none", stroke: "currentColor", "stroke-width": "2.4" }],
  ["rect", { x: "11.5", y: "16", width: "23", height: "17.5", rx: "2.6", fill: "currentColor" }],
];

const bilingual = (className, french, english) =>
  fitted(el("p", className, el("span", "fr", french), el("small", "", english)), "1/3 .9/4 .8/4");

function code(value) {
  const plate = el("p", "code");
  for (const group of groups(value)) plate.append(el("span", "sign", group));
  plate.setAttribute("aria-label", groups(value).join("").split("").join(" "));
  return plate;
}

/** What the plate says, French first: of a new screen, and of one that people act on without its server. */
const WORDS = {
  pairing: {
    title: ["Nouvel écran", "New screen"],
    scan: ["Scannez, ou saisissez ce code dans le studio.", "Scan, or type this code in the studio."],
    type: ["Saisissez ce code dans le studio.", "Type this code in the studio."],
  },
  hands: {
    title: ["À la main", "By hand"],
    scan: ["Scannez, puis saisissez votre code personnel.", "Scan, then type your own code."],
    type: ["Saisissez ce code à l’adresse ci-dessous.", "Type this code at the address below."],
  },
};

export function compose(view) {
  const { params } = view;
  const words = WORDS[params.of] ?? WORDS.pairing;
  const said = el("div", "said", el("h1", "title", words.title[0], el("small", "", words.title[1])), code(params.code));
  const plate = el("div", view.qr ? "plate" : "plate alone", said, view.qr ? picture(view.qr, "qr", "QR") : null);
  const how = view.qr ? words.scan : words.type;
  const english = el("span", "", how[1]);
  english.lang = "en";
  const parts = [
    part("maker", el("p", "maker", drawing("0 0 40 40", "", SIGN), el("span", "", "Enseigne"))),
    part("plate", plate),
    part("how", bilingual("step", how[0], english)),
  ];
  const server = text(params.server);
  if (server) parts.push(part("server", fitted(el("p", "status", server), "1/1 .85/1 .7/1")));
  const key = fingerprintGroups(params.fingerprint);
  const address = text(params.url);
  if (key) parts.push(part("key", bilingual("step end key", key, "Clé du serveur, server key")));
  if (address && !view.qr) parts.push(part("address", fitted(el("p", "address", address), "1/1 .85/1 .7/1")));
  return { horizon: null, sky: "night", wall: true, goods: [], parts };
}
