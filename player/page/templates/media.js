/** A picture or a film, edge to edge, without words or horizon. */

import { el, picture } from "../dom.js";

const fitClass = (view) => (view.params.fit === "contain" ? "full contain" : "full");

export function composeImage(view) {
  const goods = view.params.url
    ? [{ key: `image|${view.params.url}`, node: picture(view.params.url, fitClass(view)) }]
    : [];
  return { horizon: null, sky: "night", goods, parts: [] };
}

export function composeVideo(view) {
  if (!view.params.url) return { horizon: null, sky: "night", goods: [], parts: [] };
  const film = el("video", fitClass(view));
  film.muted = true;
  film.playsInline = true;
  film.preload = "auto";
  film.disableRemotePlayback = true;
  film.src = view.params.url;
  return { horizon: null, sky: "night", goods: [{ key: `video|${view.params.url}`, node: film }], parts: [] };
}
