/** The list of playlists: draws its thumbnails. */

import { drawIn } from "./thumbs.js";

drawIn(document);
