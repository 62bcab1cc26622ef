"""The kind of a file is told from its first bytes, never from its name."""

import pytest

from media.errors import Reason, Refused
from media.sniff import sniff


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf", "image/avif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0avifmiaf", "image/avif"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "video/mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
    ],
)
def test_allowed_kinds(head: bytes, mime: str) -> None:
    assert sniff(head) == mime


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.SVG),
        (b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- hi -->\n<SVG/>", Reason.SVG),
        ("<?xml version='1.0'?><svg/>".encode("utf-16"), Reason.SVG),
        (b"<!DOCTYPE html><script>1</script>", Reason.MARKUP),
        (b"PK\x03\x04\x14\0", Reason.ARCHIVE),
        (b"\x1f\x8b\x08svgz", Reason.ARCHIVE),
        (b"%PDF-1.7", Reason.DOCUMENT),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Reason.HEIC),
        (b"\0\0\0\x18ftypmif1\0\0\0\0heicmif1", Reason.HEIC),
        (b"II*\0\x08\0\0\0", Reason.UNSUPPORTED),
        (b"BM6\0", Reason.UNSUPPORTED),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", Reason.UNSUPPORTED),
        (b"RIFF\x10\0\0\0WAVEfmt ", Reason.UNSUPPORTED),
        (b"#EXTM3U\nhttp://10.0.0.1/a.ts", Reason.UNSUPPORTED),
        (b"ffconcat version 1.0\nfile /etc/passwd", Reason.UNSUPPORTED),
        (b"a file of words", Reason.UNSUPPORTED),
    ],
)
def test_refused_kinds_say_why(head: bytes, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        sniff(head)
    assert refused.value.reason is reason
