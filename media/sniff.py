"""Tell what a file is from its first bytes, against an allow-list; the name is never believed."""

from __future__ import annotations

from media.errors import Reason, Refused

HEAD_BYTES = 4096
"""How much of the start of a file `sniff` wants, in bytes."""

IMAGE_MIMES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"})
VIDEO_MIMES = frozenset({"video/mp4", "video/quicktime", "video/webm"})

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_STRUCTURE_BRANDS = frozenset({b"mif1", b"mif2", b"msf1", b"miaf"})

_REFUSED_MAGIC: tuple[tuple[bytes, Reason], ...] = (
    (b"PK\x03\x04", Reason.ARCHIVE),
    (b"PK\x05\x06", Reason.ARCHIVE),
    (b"\x1f\x8b", Reason.ARCHIVE),
    (b"Rar!", Reason.ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Reason.ARCHIVE),
    (b"\xd0\xcf\x11\xe0", Reason.ARCHIVE),
    (b"%PDF-", Reason.DOCUMENT),
    (b"%!PS", Reason.DOCUMENT),
)


def sniff(head: bytes) -> str:
    """Return the MIME type of a file that starts with ``head`` (give `HEAD_BYTES` of it).

    Raises `Refused` for anything that is not on the allow-list, with the reason that helps most.
    """
    if not head:
        raise Refused(Reason.EMPTY)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head[:64]:
        return "video/webm"
    raise Refused(_why_not(head))


def _iso_media(head: bytes) -> str:
    """Read the brands of an ISO base media file (ISO/IEC 14496-12, 4.3)."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    compatible = {head[at : at + 4] for at in range(16, end - 3, 4)}
    if major in _AVIF_BRANDS or (major in _HEIF_STRUCTURE_BRANDS and compatible & _AVIF_BRANDS):
        return "image/avif"
    if major in _HEIC_BRANDS or major in _HEIF_STRUCTURE_BRANDS:
        raise Refused(Reason.HEIC)
    return "video/quicktime" if major == b"qt  " else "video/mp4"


def _why_not(head: bytes) -> Reason:
    for magic, reason in _REFUSED_MAGIC:
        if head.startswith(magic):
            return reason
    text = _as_text(head)
    if "<svg" in text:
        return Reason.SVG
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return Reason.MARKUP
    return Reason.UNSUPPORTED


def _as_text(head: bytes) -> str:
    wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    return head.decode("utf-16" if wide else "utf-8", errors="replace").lower()
