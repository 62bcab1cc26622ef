/**
 * What a brand changes of the look: colours of skies, ground and accent, families of type, and the legal line
 * that no card covers. A brand without such entries leaves the look as it is drawn in look/.
 */

const COLOUR = /^#[0-9a-f]{6}$/;
const INK = "#0c222a";
const CHALK = "#f6faf9";
/** Softer words on the ground and what stands out there, as look/tokens.css has them; and on a light ground. */
const SOFT = { "--fine-print": "#bccdd1", "--muted": "#c3d2d5", "--struck": "#dce6e8" };
const SOFT_INK = "#3c5661";
const ACCENT = "#ffcb2b";
/** Least contrast of words (WCAG 2.2, 1.4.3), the same as server/services/chain/brand_checks.py asks for. */
const LEAST = 4.5;
/** Nights are a light ground's too, and as dark as those of any other. */
const NIGHT_OF_LIGHT = 0.28;
/** Families that ship, by the names that brands give them; each ends on what a system has. */
const FAMILIES = new Map([
  ["bricolage", '"Bricolage Grotesque", system-ui, sans-serif'],
  ["instrument", '"Instrument Sans", system-ui, sans-serif'],
  ["archivo", '"Archivo", system-ui, sans-serif'],
  ["encode", '"Encode Sans", system-ui, sans-serif'],
  ["fraunces", '"Fraunces", Georgia, serif'],
]);
const LIGHT_SKIES = new Set(["price", "mist", "rain", "sun"]);

const colourOf = (brand, part) => {
  const said = brand[`colour.${part}`];
  return COLOUR.test(said ?? "") ? said : null;
};
const mixed = (colour, share, other) => `color-mix(in oklab, ${colour} ${share}%, ${other})`;

/** Relative luminance of "#rrggbb", 0 to 1 (WCAG 2.2). */
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG 2.2 contrast of two colours, 1 to 21. */
function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** Whether dark text reads better on a sky than light text; null where the brand does not colour it. */
export function isLight(brand, sky) {
  const colour = colourOf(brand, sky);
  return colour && contrast(colour, INK) >= contrast(colour, CHALK);
}

/** Whether the brand's ground, where it says one, carries dark words. */
function lightGround(brand) {
  const ground = colourOf(brand, "ground");
  return ground !== null && contrast(ground, INK) > contrast(ground, CHALK);
}

/** Words on the brand's ground, which may be light, and on the night that is always dark: custom properties. */
export function voices(brand, sky) {
  const ground = sky === "night" ? null : colourOf(brand, "ground");
  const light = ground && lightGround(brand);
  const full = light ? INK : CHALK;
  const accent = colourOf(brand, "accent");
  const found = { "--on-ground": light ? INK : "", "--stands": accent ?? "" };
  for (const [name, usual] of Object.entries(SOFT)) {
    const soft = light ? SOFT_INK : usual;
    found[name] = ground && (light || contrast(soft, ground) < LEAST) ? readable(soft, ground, full) : "";
  }
  if (ground && contrast(accent ?? ACCENT, ground) < LEAST) found["--stands"] = full;
  return found;
}

function readable(colour, ground, otherwise) {
  return contrast(colour, ground) < LEAST ? otherwise : colour;
}

/** Custom properties of one earth, in the brand's colours. */
export function tints(brand, sky) {
  const found = {};
  const own = colourOf(brand, sky);
  if (own) {
    found["--sky-top"] = own;
    found["--sky-foot"] = mixed(own, 88, LIGHT_SKIES.has(sky) ? "white" : "black");
    found["--lamp"] = mixed(own, 74, "white");
    found["--land"] = mixed(own, 90, "black");
  }
  const ground = colourOf(brand, "ground");
  const light = lightGround(brand);
  if (ground && sky === "night") {
    const dark = (share) => mixed(ground, light ? share * NIGHT_OF_LIGHT : share, "black");
    found["--sky-top"] = dark(48);
    found["--sky-foot"] = dark(84);
    found["--land"] = dark(66);
    found["--soil-top"] = dark(60);
    found["--soil-foot"] = dark(40);
  } else if (ground) {
    // Words are measured on the ground as the brand says it: nowhere is it nearer to theirs.
    found["--soil-top"] = ground;
    found["--soil-foot"] = mixed(ground, 88, light ? "white" : "black");
  }
  return found;
}

/** Custom properties of a whole scene: accent and type; "" where the look's own stays. */
export function dress(brand) {
  const accent = colourOf(brand, "accent");
  const onAccent = accent && contrast(accent, INK) < contrast(accent, CHALK) ? CHALK : "";
  return {
    "--cire": accent ?? "",
    "--on-accent": onAccent,
    "--dusk": accent ? mixed(accent, 52, "black") : "",
    "--dusk-foot": accent ? mixed(accent, 34, "black") : "",
    "--sign": FAMILIES.get(brand["type.sign"]) ?? "",
    "--text": FAMILIES.get(brand["type.text"]) ?? "",
  };
}

/** Resolves when the brand's own faces can be measured; a face that does not come is done without. */
export function facesReady(brand) {
  const faces = ["sign", "text"].map((part) => FAMILIES.get(brand[`type.${part}`])).filter(Boolean);
  return Promise.all(faces.map((family) => document.fonts.load(`700 20px ${family}`, "Éa1€").catch(() => {})));
}

/** What a brand says of the look, as one text: scenes of another are made anew. */
export function lookOf(brand) {
  return JSON.stringify(Object.entries(brand ?? {}).filter(([key]) => key.includes(".")).sort());
}

/** The legal line in a language: what every card carries, and what cards with goods carry besides. */
export function legalOf(brand, language, withGoods) {
  const said = (part) => brand[`${part}.${language}`] ?? "";
  return [said("legal"), withGoods ? said("legal_goods") : ""].filter(Boolean).join(" ");
}
