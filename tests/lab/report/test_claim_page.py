"""The claim's page says what the terminal says; the page of digits has everything but paintings."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from sfumato.lab import report
from sfumato.lab.report import claim_page
from tests.lab.stub_claim import claim

pytestmark = pytest.mark.slow


def test_the_page_has_counts_verdicts_and_both_tables(tmp_path: Path) -> None:
    found = claim(tmp_path, 2.0, 0.0)
    for experiment in (found.picture, found.digits):
        report.write(experiment)
    text = claim_page.write(found, tmp_path).read_text(encoding="utf-8")
    words = html.unescape(re.sub(r"<[^>]+>", "", text))
    for line in (*found.counts(), *found.verdicts()):
        assert line in words
    assert "183 times by input values, 0.87 times by multiply-adds" in words
    assert text.count("<table>") == 2
    identities = re.findall(r' id="([^"]+)"', text)
    assert len(identities) == len(set(identities))
    links = re.findall(r'href="([^"]+)"', text)
    for link in links:
        assert link.startswith(("#", "data:")) or (tmp_path / link).exists(), link
    assert {"picture/report.html", "digits/report.html"} <= set(links)


def test_the_page_of_digits_mentions_no_pictures(tmp_path: Path) -> None:
    found = claim(tmp_path, 2.0, 2.0).digits
    report.write(found)
    text = (found.folder.path / report.PAGE).read_text(encoding="utf-8")
    words = html.unescape(re.sub(r"<(style|script).*?</\1>|<[^>]+>", "", text, flags=re.DOTALL))
    assert "80 digits of 64 pixels of made" in words
    assert "Difference in accuracy, percentage points" in words
    assert "simultaneously for 2 comparisons (1 of them in the other experiment; each alone at 97.50%)" in words
    for foreign in ("PSNR", "dB", "SSIM", "painting", "every pixel"):
        assert foreign not in words, foreign
    assert not (found.folder.path / "pictures").exists()
    head = (found.folder.path / "trials.csv").read_text().splitlines()[0]
    assert "accuracy" in head
    assert "psnr" not in head
