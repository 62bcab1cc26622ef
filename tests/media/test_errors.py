"""Each refusal speaks French and English."""

import re
import string

import pytest

from media import errors
from media.errors import Reason, Refused


@pytest.mark.parametrize("reason", list(Reason))
def test_both_languages_have_a_sentence_with_the_same_fields(reason: Reason) -> None:
    english, french = errors._EN[reason], errors._FR[reason]
    assert english != french
    fields = [
        {name for _, name, _, _ in string.Formatter().parse(t) if name} for t in (english, french)
    ]
    assert fields[0] == fields[1]
    assert re.search(r"\.$", english)


def test_a_refusal_reads_in_the_language_asked_for_and_in_english_otherwise() -> None:
    refused = Refused(Reason.TOO_LARGE, limit_mib=64)
    assert refused.sentence("fr").startswith("Le fichier dépasse 64 Mio")
    assert refused.sentence("de") == refused.sentence("en") == str(refused)
    assert str(refused).startswith("The file is over 64 MiB")
