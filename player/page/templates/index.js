/** Every template of the page, by its name in the view. */

import { compose as elsewhere } from "./elsewhere.js";
import { composeImage, composeVideo } from "./media.js";
import { compose as message } from "./message.js";
import { compose as pairing } from "./pairing.js";
import { compose as price } from "./price.js";
import { compose as service } from "./service.js";
import { compose as slate } from "./slate.js";
import { compose as trio } from "./trio.js";

/** How many of a view's goods, from the first on, a template says the price of. */
export const PRICED = new Map([["price", 1], ["trio", 3]]);

/**
 * A template is a pure function of the view: what stands, what is said, under which sky.
 * `{ horizon, sky, goods: [{ key, node, minute? }], parts, behind?, onSoil?, wall? }`
 */
export const TEMPLATES = Object.freeze({
  price, trio, elsewhere, service, message, slate, pairing, image: composeImage, video: composeVideo,
});
