"""Range requests and caching of assets that never change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.serving import RangeNotSatisfiable, Span, answer, etag, parse_range

SHA = "ab" * 32


@pytest.mark.parametrize(
    ("header", "size", "span"),
    [
        (None, 1000, None),
        ("bytes=0-0", 1000, Span(0, 1)),
        ("bytes=0-499", 1000, Span(0, 500)),
        ("bytes=500-", 1000, Span(500, 1000)),
        ("bytes=0-", 1, Span(0, 1)),
        ("bytes=999-5000", 1000, Span(999, 1000)),
        ("bytes=-1", 1000, Span(999, 1000)),
        ("bytes=-5000", 1000, Span(0, 1000)),
        ("BYTES=0-9", 1000, Span(0, 10)),
        ("bytes= 0-9 ", 1000, Span(0, 10)),
        ("bytes=0-0,5-9", 1000, None),
        ("seconds=0-9", 1000, None),
        ("bytes", 1000, "416"),
        ("bytes=", 1000, "416"),
        ("bytes=-", 1000, "416"),
        ("bytes=-0", 1000, "416"),
        ("bytes=1000-", 1000, "416"),
        ("bytes=9-3", 1000, "416"),
        ("bytes=a-b", 1000, "416"),
        ("bytes=1-2-3", 1000, "416"),
        ("bytes=+1-2", 1000, "416"),
        ("bytes=٣-٤", 1000, "416"),
        ("bytes=" + "9" * 5000 + "-", 1000, "416"),
        ("bytes=0-", 0, "416"),
        ("bytes=-5", 0, "416"),
    ],
)
def test_range_table(header: str | None, size: int, span: Span | str | None) -> None:
    if span == "416":
        with pytest.raises(RangeNotSatisfiable):
            parse_range(header, size)
    else:
        assert parse_range(header, size) == span


@given(
    header=st.text(max_size=40) | st.from_regex(r"bytes=\d{0,4}-\d{0,4}"), size=st.integers(0, 3000)
)
def test_any_header_gives_a_span_inside_the_file_or_416(header: str, size: int) -> None:
    try:
        span = parse_range(header, size)
    except RangeNotSatisfiable:
        return
    assert span is None or 0 <= span.start < span.stop <= size


@given(size=st.integers(1, 10**12), data=st.data())
def test_a_span_asked_for_is_the_span_given(size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(start, size - 1))
    assert parse_range(f"bytes={start}-{last}", size) == Span(start, last + 1)


def test_the_whole_file() -> None:
    given_ = answer(SHA, 1000, "image/webp", public=True)
    assert (given_.status, given_.span) == (200, Span(0, 1000))
    assert given_.headers == {
        "ETag": f'"{SHA}"',
        "Cache-Control": "public, max-age=31536000, immutable",
        "Accept-Ranges": "bytes",
        "Content-Type": "image/webp",
        "X-Content-Type-Options": "nosniff",
        "Content-Length": "1000",
    }


def test_an_empty_file_is_sent_whole() -> None:
    assert answer(SHA, 0, "image/webp", public=True).span == Span(0, 0)


def test_a_private_asset_stays_out_of_shared_caches() -> None:
    headers = answer(SHA, 1, "image/webp", public=False).headers
    assert headers["Cache-Control"].startswith("private, ")


def test_a_part() -> None:
    given_ = answer(SHA, 1000, "video/mp4", public=True, range_header="bytes=100-199")
    assert (given_.status, given_.span) == (206, Span(100, 200))
    assert given_.headers["Content-Range"] == "bytes 100-199/1000"
    assert given_.headers["Content-Length"] == "100"


def test_a_part_beyond_the_end_is_refused_and_not_cached() -> None:
    given_ = answer(SHA, 1000, "video/mp4", public=True, range_header="bytes=1000-")
    assert (given_.status, given_.span) == (416, None)
    assert given_.headers["Content-Range"] == "bytes */1000"
    assert given_.headers["Cache-Control"] == "no-store"
    assert "ETag" not in given_.headers


@pytest.mark.parametrize("tags", ["*", etag(SHA), f'"other", W/{etag(SHA)}'])
def test_a_client_that_has_it_is_told_so_even_when_it_asks_for_a_part(tags: str) -> None:
    given_ = answer(SHA, 9, "image/png", public=True, if_none_match=tags, range_header="bytes=50-")
    assert (given_.status, given_.span) == (304, None)
    assert "Content-Length" not in given_.headers


@pytest.mark.parametrize(
    ("if_range", "status"),
    [
        (etag(SHA), 206),
        ('"other"', 200),
        (f"W/{etag(SHA)}", 200),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 200),
    ],
)
def test_if_range_resumes_only_the_very_same_bytes(if_range: str, status: int) -> None:
    given_ = answer(SHA, 9, "video/mp4", public=True, range_header="bytes=5-", if_range=if_range)
    assert given_.status == status
