"""Why a file was refused: a code for machines, a sentence in French and English for people."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Closed list of the reasons a file or a link is refused."""

    NOT_A_FILE = "not-a-file"
    EMPTY = "empty"
    TOO_LARGE = "too-large"
    TOO_MANY_PIXELS = "too-many-pixels"
    SIDE_TOO_LONG = "side-too-long"
    TOO_MANY_FRAMES = "too-many-frames"
    SVG = "svg"
    MARKUP = "markup"
    ARCHIVE = "archive"
    DOCUMENT = "document"
    HEIC = "heic"
    UNSUPPORTED = "unsupported"
    UNREADABLE = "unreadable"
    NO_PICTURE = "no-picture"
    CODEC = "codec"
    TOO_LONG = "too-long"
    DURATION_UNKNOWN = "duration-unknown"
    TIMEOUT = "timeout"
    TOO_HEAVY = "too-heavy"
    NO_FFMPEG = "no-ffmpeg"
    NOT_A_VIDEO = "not-a-video"
    NOT_A_PICTURE = "not-a-picture"
    URL_TOO_LONG = "url-too-long"
    URL_NOT_WEB = "url-not-web"


_EN: Mapping[Reason, str] = {
    Reason.NOT_A_FILE: "This is not a regular file. Choose a picture or a video.",
    Reason.EMPTY: "The file is empty. Check the original and send it again.",
    Reason.TOO_LARGE: "The file is over {limit_mib} MiB. Export it smaller and send it again.",
    Reason.TOO_MANY_PIXELS: "The picture is over {limit_mp} megapixels. Export it smaller.",
    Reason.SIDE_TOO_LONG: (
        "The picture is {width} × {height}; no side may be over {limit} pixels. Export it smaller."
    ),
    Reason.TOO_MANY_FRAMES: (
        "The animation is too long: {frames} frames of {width} × {height}, "
        "the most at that size is {limit}. Send it as an MP4 video."
    ),
    Reason.SVG: "SVG drawings are not accepted. Export the drawing as PNG or WebP.",
    Reason.MARKUP: "This is a web page or an XML file. Send a picture or a video.",
    Reason.ARCHIVE: "This is an archive or an office file. Unpack it and send the picture itself.",
    Reason.DOCUMENT: "This is a document, not a picture. Export the page as PNG or JPEG.",
    Reason.HEIC: "HEIC photos are not accepted. Export the photo as JPEG.",
    Reason.UNSUPPORTED: (
        "This kind of file is not accepted. Send PNG, JPEG, WebP, AVIF, GIF, MP4, MOV or WebM."
    ),
    Reason.UNREADABLE: (
        "The file is damaged or cut short. Open the original, export it again and send that."
    ),
    Reason.NO_PICTURE: "The file has no moving picture in it. Send a video with a picture track.",
    Reason.CODEC: (
        "The video is encoded as {codec}, which is not accepted. Export it as H.264 MP4."
    ),
    Reason.TOO_LONG: "The video runs over {limit_s} seconds. Cut it and send it again.",
    Reason.DURATION_UNKNOWN: "The video does not say how long it is. Export it again as H.264 MP4.",
    Reason.TIMEOUT: "The file took over {limit_s} seconds to read. Export it in a simpler form.",
    Reason.TOO_HEAVY: "The file takes too much memory or room to process. Export it smaller.",
    Reason.NO_FFMPEG: (
        "Videos need ffmpeg on the server. Install it (Debian: apt install ffmpeg), "
        "then send the video again."
    ),
    Reason.NOT_A_VIDEO: "This file is a picture, not a video. Use it as a picture.",
    Reason.NOT_A_PICTURE: "This file is a video, not a picture. Use it as a video.",
    Reason.URL_TOO_LONG: "The link is over {limit} characters. Use a shorter one.",
    Reason.URL_NOT_WEB: (
        "The link must be a full web address starting with https:// or http://, "
        "without spaces, accents or a password."
    ),
}

_FR: Mapping[Reason, str] = {
    Reason.NOT_A_FILE: "Ce n’est pas un fichier ordinaire. Choisissez une image ou une vidéo.",
    Reason.EMPTY: "Le fichier est vide. Vérifiez l’original et renvoyez-le.",
    Reason.TOO_LARGE: (
        "Le fichier dépasse {limit_mib} Mio. Exportez-le en plus léger et renvoyez-le."
    ),
    Reason.TOO_MANY_PIXELS: "L’image dépasse {limit_mp} mégapixels. Exportez-la en plus petit.",
    Reason.SIDE_TOO_LONG: (
        "L’image fait {width} × {height} ; aucun côté ne peut dépasser {limit} pixels. "
        "Exportez-la en plus petit."
    ),
    Reason.TOO_MANY_FRAMES: (
        "L’animation est trop longue : {frames} images de {width} × {height}, "
        "le maximum à cette taille est de {limit}. Envoyez-la en vidéo MP4."
    ),
    Reason.SVG: "Les dessins SVG ne sont pas acceptés. Exportez le dessin en PNG ou en WebP.",
    Reason.MARKUP: ("C’est une page web ou un fichier XML. Envoyez une image ou une vidéo."),
    Reason.ARCHIVE: (
        "C’est une archive ou un fichier bureautique. Ouvrez-la et envoyez l’image elle-même."
    ),
    Reason.DOCUMENT: ("C’est un document, pas une image. Exportez la page en PNG ou en JPEG."),
    Reason.HEIC: "Les photos HEIC ne sont pas acceptées. Exportez la photo en JPEG.",
    Reason.UNSUPPORTED: (
        "Ce type de fichier n’est pas accepté. "
        "Envoyez du PNG, JPEG, WebP, AVIF, GIF, MP4, MOV ou WebM."
    ),
    Reason.UNREADABLE: (
        "Le fichier est abîmé ou incomplet. Ouvrez l’original, exportez-le et renvoyez-le."
    ),
    Reason.NO_PICTURE: (
        "Le fichier ne contient pas d’image animée. Envoyez une vidéo avec une piste d’image."
    ),
    Reason.CODEC: (
        "La vidéo est encodée en {codec}, qui n’est pas accepté. Exportez-la en MP4 H.264."
    ),
    Reason.TOO_LONG: "La vidéo dure plus de {limit_s} secondes. Coupez-la et renvoyez-la.",
    Reason.DURATION_UNKNOWN: (
        "La vidéo n’indique pas sa durée. Exportez-la de nouveau en MP4 H.264."
    ),
    Reason.TIMEOUT: (
        "La lecture du fichier a dépassé {limit_s} secondes. Exportez-le plus simplement."
    ),
    Reason.TOO_HEAVY: "Ce fichier demande trop de mémoire ou de place. Exportez-le en plus petit.",
    Reason.NO_FFMPEG: (
        "Les vidéos ont besoin de ffmpeg sur le serveur. Installez-le "
        "(Debian : apt install ffmpeg), puis renvoyez la vidéo."
    ),
    Reason.NOT_A_VIDEO: ("Ce fichier est une image, pas une vidéo. Utilisez-le comme image."),
    Reason.NOT_A_PICTURE: "Ce fichier est une vidéo, pas une image. Utilisez-le comme vidéo.",
    Reason.URL_TOO_LONG: "Le lien dépasse {limit} caractères. Prenez-en un plus court.",
    Reason.URL_NOT_WEB: (
        "Le lien doit être une adresse web complète commençant par https:// ou http://, "
        "sans espaces, accents ni mot de passe."
    ),
}

_SENTENCES: Mapping[str, Mapping[Reason, str]] = {"en": _EN, "fr": _FR}
LANGUAGES = tuple(_SENTENCES)
"""The languages that sentences are in."""


class MediaError(Exception):
    """Base of every error raised by this package."""


class Refused(MediaError):
    """A file (or a link) that may not be used; nothing was kept of it.

    ``reason`` is stable and meant for programs; ``params`` fill the sentence; ``str(error)`` is
    the English sentence.
    """

    def __init__(self, reason: Reason, **params: int | str) -> None:
        self.reason = reason
        self.params: Mapping[str, int | str] = dict(params)
        super().__init__(self.sentence("en"))

    def sentence(self, lang: str) -> str:
        """What to tell a person, in ``"fr"`` or ``"en"`` (any other language gets English)."""
        return _SENTENCES.get(lang, _EN)[self.reason].format_map(self.params)


class HelperCrashed(MediaError):
    """The helper process failed by a fault of ours, not of the file; the text is its stderr."""


class AssetMissing(MediaError):
    """No asset of that sha256 is in the store."""


class AssetCorrupt(MediaError):
    """The bytes in the store no longer have the sha256 they are filed under."""
