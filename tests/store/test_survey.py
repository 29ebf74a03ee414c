"""files.tsv lists everything that is there, as it is."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from envbuilder.store.manifest import FOLDER, LISTING, read_manifest
from envbuilder.store.store import Store
from envbuilder.store.survey import Row, survey, to_tsv
from tests.store.fakes import make


def test_every_entry_has_a_line_and_the_manifest_its_digest(store: Store) -> None:
    prefix = make(store).prefix
    listing = (prefix / FOLDER / LISTING).read_bytes()
    rows = [line.split("\t") for line in listing.decode().splitlines()]
    assert [row[0] for row in rows] == [
        "bin", "bin/python", "bin/tool", "lib", "lib/site", "lib/site/thing", "lib/site/thing/__init__.py",
        "lib/site/thing/data \\t\\\\.bin",
    ]  # fmt: skip
    by_path = {row[0]: row for row in rows}
    content = prefix / "lib" / "site" / "thing" / "__init__.py"
    assert by_path["lib/site/thing/__init__.py"][1:] == [
        "f", "444", "6", str(content.stat().st_mtime_ns), hashlib.sha256(b"x = 1\n").hexdigest(),
    ]  # fmt: skip
    assert by_path["bin/tool"][2] == "555"
    assert by_path["bin/python"][1] == "l"
    assert by_path["bin/python"][5] == str((prefix / "bin" / "python").readlink())
    manifest = read_manifest(prefix)
    assert manifest is not None
    assert manifest.files_digest == hashlib.sha256(listing).hexdigest()
    assert (manifest.files, manifest.packages) == (len(rows), 1)


def test_names_that_are_no_text_are_listed_too(tmp_path: Path) -> None:
    (tmp_path / "n\udcff").write_text("")
    assert to_tsv(survey(tmp_path)).startswith(b"n\xff\tf\t444\t0\t")


def test_an_empty_tree_has_an_empty_list(tmp_path: Path) -> None:
    assert to_tsv(survey(tmp_path)) == b""


def unescaped(text: str) -> str:
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\t", "\t").replace("\\n", "\n") for part in parts)


@given(st.text(min_size=1))
def test_any_name_stands_in_one_field_of_one_line(name: str) -> None:
    row = Row(path=name, kind="f", mode=0o444, size=1, mtime_ns=2, digest="d")
    line = row.line()
    assert line.count("\n") == 1
    fields = line[:-1].split("\t")
    assert len(fields) == 6
    assert unescaped(fields[0]) == name
