"""Direct references: one archive each, known by its file name."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement

from envbuilder.errors import ResolveError
from envbuilder.lock import Kind
from envbuilder.resolver.archives import archive_of


@pytest.mark.parametrize(
    ("filename", "kind", "version"),
    [
        ("np_x-1.0-py3-none-any.whl", Kind.WHEEL, "1.0"),
        ("np_x-1.0%2Bcpu-py3-none-any.whl", Kind.WHEEL, "1.0+cpu"),
        ("np-x-2.0.tar.gz", Kind.SDIST, "2.0"),
    ],
)
def test_an_archive(filename: str, kind: Kind, version: str) -> None:
    found = archive_of(Requirement(f"NP.x @ https://example.org/a/{filename}#sha256=ab"))
    (file,) = found.files
    assert (found.name, found.version) == ("np-x", version)
    assert (file.kind, file.sha256, file.uploaded) == (kind, "ab", None)
    assert file.url.secret == f"https://example.org/a/{filename}"


@pytest.mark.parametrize("filename", ["np.egg", "np-1.0.exe", "other-1.0-py3-none-any.whl", ""])
def test_what_is_none(filename: str) -> None:
    with pytest.raises(ResolveError) as caught:
        archive_of(Requirement(f"np @ https://example.org/a/{filename}"))
    assert caught.value.code == "resolve/malformed"
