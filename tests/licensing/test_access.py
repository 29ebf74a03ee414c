"""Metadata from a server: the least that is needed is fetched, and nothing that a server or a file does harms."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.errors import EnvbuilderError
from envbuilder.licensing.access import Access
from envbuilder.licensing.evidence import evidence_of
from envbuilder.licensing.pages import Pages
from envbuilder.licensing.ranged import BLOCK, RangedFile
from envbuilder.lock import Artifact, ModelTree
from envbuilder.redact import SafeUrl
from envbuilder.store.layout import Layout, open_layout
from envbuilder.web import Web, WebError
from tests.licensing import smith
from tests.webserver import Server, write_page

MIT = smith.metadata("toy", "License-Expression: MIT", "Requires-Dist: other")


def asked(server: Server) -> list[str]:
    return [path for path, _ in server.seen]


def test_the_metadata_file_beside_a_wheel_is_all_that_is_fetched(
    shop: Path, server: Server, access: Access
) -> None:
    path = smith.wheel(shop, "toy", MIT, beside=True)
    found = access.metadata(smith.artifact(path, "toy", server.url))
    assert (found.expressions, found.requires) == (("MIT",), ("other",))
    assert asked(server) == [f"/{path.name}.metadata"]


def test_a_fragment_and_a_query_of_the_url_stay_where_they_belong(
    shop: Path, server: Server, access: Access
) -> None:
    path = smith.wheel(shop, "toy", MIT, beside=True)
    artifact = smith.artifact(path, "toy", server.url)
    artifact = replace(artifact, url=SafeUrl(f"{artifact.url.secret}?a=b#sha256={artifact.sha256}"))
    assert access.metadata(artifact).expressions == ("MIT",)
    assert asked(server) == [f"/{path.name}.metadata?a=b"]


def test_else_pieces_of_the_wheel_are_read(shop: Path, server: Server, access: Access) -> None:
    path = smith.wheel(shop, "toy", MIT, files={"toy/data.bin": os.urandom(5_000_000)})
    assert evidence_of(access.metadata(smith.artifact(path, "toy", server.url))).kind == "expression"
    assert asked(server) == [f"/{path.name}.metadata", f"/{path.name}"]
    assert server.sent < 100_000


def test_a_large_directory_is_read_block_by_block(shop: Path, server: Server, access: Access) -> None:
    files = {f"toy/{'x' * 100}{number}.py": b"" for number in range(5000)}
    path = smith.wheel(shop, "toy", MIT, files=files)
    assert access.metadata(smith.artifact(path, "toy", server.url)).expressions == ("MIT",)
    assert len(asked(server)) <= 4


def test_a_small_wheel_of_a_server_without_ranges_is_read_whole(
    shop: Path, server: Server, access: Access
) -> None:
    server.ranges = False
    path = smith.wheel(shop, "toy", MIT)
    assert access.metadata(smith.artifact(path, "toy", server.url)).expressions == ("MIT",)


def test_a_large_wheel_of_a_server_without_ranges_is_refused(
    shop: Path, server: Server, access: Access
) -> None:
    server.ranges = False
    path = smith.wheel(shop, "toy", MIT, files={"big": os.urandom(17 << 20)})
    with pytest.raises(WebError, match="more than 16777216 bytes"):
        access.metadata(smith.artifact(path, "toy", server.url))


def test_what_a_server_stumbles_over_is_asked_for_again(shop: Path, server: Server, access: Access) -> None:
    path = smith.wheel(shop, "toy", MIT, beside=True)
    server.failures = 2
    assert access.metadata(smith.artifact(path, "toy", server.url)).expressions == ("MIT",)


def test_a_server_that_is_down_is_told_and_its_wheel_not_tried(
    shop: Path, server: Server, access: Access
) -> None:
    path = smith.wheel(shop, "toy", MIT)
    server.failures = 99
    with pytest.raises(WebError, match="503"):
        access.metadata(smith.artifact(path, "toy", server.url))
    assert set(asked(server)) == {f"/{path.name}.metadata"}


def test_what_the_store_has_is_not_fetched(
    shop: Path, server: Server, access: Access, layout: Layout
) -> None:
    path = smith.wheel(shop, "toy", MIT)
    artifact = smith.artifact(path, "toy", server.url)
    own = layout.packages / "files" / artifact.sha256[:2] / artifact.sha256 / path.name
    own.parent.mkdir(parents=True)
    own.write_bytes(path.read_bytes())
    assert access.metadata(artifact).expressions == ("MIT",)
    assert server.seen == []


def test_a_file_url_is_read_in_place(shop: Path, access: Access) -> None:
    path = smith.wheel(shop, "toy", MIT)
    assert access.metadata(smith.artifact(path, "toy", f"file://{shop}")).expressions == ("MIT",)


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz", "zip"])
def test_a_source_distribution_is_fetched_and_only_looked_into(
    shop: Path, server: Server, access: Access, layout: Layout, packing: str
) -> None:
    files = {"setup.py": b"raise SystemExit", "PKG-INFO": MIT, "src/toy.egg-info/PKG-INFO": b"Name: other\n"}
    path = smith.sdist(shop, "toy", files, packing=packing)
    found = access.metadata(smith.artifact(path, "toy", server.url))
    assert (found.expressions, found.requires) == (("MIT",), ("other",))
    assert list(layout.tmp.iterdir()) == []


def test_old_source_distributions_tell_their_requirements_elsewhere(
    shop: Path, server: Server, access: Access
) -> None:
    files = {
        "PKG-INFO": smith.metadata("toy", "License: MIT"),
        "toy.egg-info/requires.txt": b"six\n\n[x]\nclick\n",
    }
    path = smith.sdist(shop, "toy", files)
    found = access.metadata(smith.artifact(path, "toy", server.url))
    assert found.requires == ("six", 'click ; extra == "x"')


def test_a_source_distribution_that_is_not_the_locked_one_is_refused(
    shop: Path, server: Server, access: Access
) -> None:
    path = smith.sdist(shop, "toy", {"PKG-INFO": MIT})
    artifact = replace(smith.artifact(path, "toy", server.url), sha256="0" * 64)
    with pytest.raises(EnvbuilderError, match="is not the file that was locked"):
        access.metadata(artifact)


def test_metadata_of_another_package_is_refused(shop: Path, server: Server, access: Access) -> None:
    path = smith.wheel(shop, "toy", smith.metadata("evil", "License-Expression: MIT"), beside=True)
    with pytest.raises(EnvbuilderError, match="holds the metadata of another package"):
        access.metadata(smith.artifact(path, "toy", server.url))


def test_a_name_may_be_written_otherwise(shop: Path, server: Server, access: Access) -> None:
    path = smith.wheel(shop, "My.Toy", smith.metadata("My.Toy", "License-Expression: MIT"))
    assert access.metadata(smith.artifact(path, "my-toy", server.url)).expressions == ("MIT",)


def broken_wheels() -> dict[str, bytes]:
    plain, double = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("toy.py", "")
    with zipfile.ZipFile(double, "w") as archive:
        archive.writestr("toy-1.0.dist-info/METADATA", MIT)
        archive.writestr("other-1.0.dist-info/METADATA", MIT)
    whole = double.getvalue()
    return {
        "empty": b"",
        "no zip": b"<html>not here</html>" * 100,
        "cut": whole[: len(whole) // 2],
        "no metadata": plain.getvalue(),
        "two": whole,
        "directory elsewhere": whole[:-6] + b"\xff\xff\xff\x7f" + whole[-2:],
    }


@pytest.mark.parametrize("name", broken_wheels())
def test_broken_wheels_are_told(shop: Path, server: Server, access: Access, name: str) -> None:
    path = shop / "toy-1.0-py3-none-any.whl"
    path.write_bytes(broken_wheels()[name])
    with pytest.raises(EnvbuilderError):
        access.metadata(smith.artifact(path, "toy", server.url))


def test_metadata_that_unpacks_without_end_is_cut(shop: Path, server: Server, access: Access) -> None:
    path = smith.wheel(shop, "toy", MIT[:-5] + b"Description: " + bytes(20 << 20))
    assert evidence_of(access.metadata(smith.artifact(path, "toy", server.url))).kind == "parse-error"


def test_a_bomb_of_a_source_distribution_ends_at_the_bound(
    shop: Path, server: Server, access: Access
) -> None:
    path = smith.bomb(shop, "toy", 200 << 20)
    with pytest.raises(EnvbuilderError, match="unpacks to more than"):
        access.metadata(smith.artifact(path, "toy", server.url))


@pytest.mark.parametrize("files", [{}, {"setup.py": b""}, {"deep/PKG-INFO": MIT}])
def test_a_source_distribution_without_pkg_info_is_told(
    shop: Path, server: Server, access: Access, files: dict[str, bytes]
) -> None:
    path = smith.sdist(shop, "toy", files)
    with pytest.raises(EnvbuilderError, match="no PKG-INFO"):
        access.metadata(smith.artifact(path, "toy", server.url))


def test_a_source_distribution_that_is_no_archive_is_told(shop: Path, server: Server, access: Access) -> None:
    path = shop / "toy-1.0.tar.gz"
    path.write_bytes(b"<html>not here</html>" * 100)
    with pytest.raises(EnvbuilderError, match=r"toy-1.0.tar.gz"):
        access.metadata(smith.artifact(path, "toy", server.url))


def source_tree(shop: Path, layout: Layout, files: dict[str, bytes]) -> Artifact:
    """Put the archive of a source tree of a model where the store has it."""
    path = smith.sdist(shop, "toy", files)
    artifact = smith.artifact(path, "toy", "https://example.org")
    place = layout.packages / "files" / artifact.sha256[:2] / artifact.sha256 / "source.tar.gz"
    place.parent.mkdir(parents=True)
    path.rename(place)
    return replace(artifact, filename="source.tar.gz", url=SafeUrl(""), source=ModelTree(path="code"))


def test_a_source_tree_says_what_its_pyproject_says(shop: Path, access: Access, layout: Layout) -> None:
    project = b'[project]\nname = "toy"\nlicense = "MIT"\ndependencies = ["six"]\nclassifiers = ["A"]\n'
    found = access.metadata(source_tree(shop, layout, {"pyproject.toml": project}))
    assert (found.expressions, found.requires, found.classifiers) == (("MIT",), ("six",), ("A",))


@pytest.mark.parametrize(
    "project",
    [
        b"",
        b"[",
        b"\xff",
        b"project = 1",
        b"[project]\nlicense = {file = 'L'}\nclassifiers = 3\ndependencies = [1]",
    ],
)
def test_a_source_tree_that_says_nothing_is_unknown(
    shop: Path, access: Access, layout: Layout, project: bytes
) -> None:
    found = access.metadata(source_tree(shop, layout, {"pyproject.toml": project, "setup.py": b""}))
    assert evidence_of(found).kind == "unknown"
    assert found.requires == ()


def announced(server: Server, shop: Path, digest: str, key: str = "core-metadata") -> tuple[Access, Artifact]:
    path = smith.wheel(shop, "toy", MIT, beside=True)
    artifact = smith.artifact(path, "toy", server.url)
    write_page(shop, "toy", [artifact])
    page = shop / "simple" / "toy" / "index.json"
    found = json.loads(page.read_text())
    found["files"][0][key] = {"sha256": digest}
    page.write_text(json.dumps(found))
    web = Web(variables={})
    pages = Pages(web=web, indexes=[SafeUrl(f"{server.url}/simple")])
    return Access(web=web, layout=open_layout(shop.parent / "store"), pages=pages), artifact


@pytest.mark.parametrize("key", ["core-metadata", "dist-info-metadata"])
def test_a_metadata_file_has_the_hash_that_the_index_announces(shop: Path, server: Server, key: str) -> None:
    access, artifact = announced(server, shop, hashlib.sha256(MIT).hexdigest(), key)
    assert access.metadata(artifact).expressions == ("MIT",)
    other, artifact = announced(server, shop, "0" * 64, key)
    with pytest.raises(EnvbuilderError, match="is not the one that the index announces"):
        other.metadata(artifact)


@pytest.mark.parametrize(
    "page", [b"", b"[]", b"<html>", b'{"files": [1, {"hashes": 3}, {}]}', b"[" * 100_000]
)
def test_a_page_that_says_nothing_is_no_obstacle(shop: Path, server: Server, page: bytes) -> None:
    access, artifact = announced(server, shop, "0" * 64)
    (shop / "simple" / "toy" / "index.json").write_bytes(page)
    assert access.metadata(artifact).expressions == ("MIT",)


def test_offline_nothing_is_asked_for(shop: Path, server: Server, layout: Layout) -> None:
    path = smith.wheel(shop, "toy", MIT, beside=True)
    web = Web(variables={}, offline=True)
    offline = Access(web=web, layout=layout, pages=Pages(web=web, indexes=[SafeUrl(server.url)]))
    with pytest.raises(WebError, match="offline"):
        offline.metadata(smith.artifact(path, "toy", server.url))
    assert server.seen == []


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("toy-1.0.dist-info/LICENSE", "LICENSE"),
        ("toy-1.0.dist-info/licenses/docs/LICENSE", "docs/LICENSE"),
        ("toy/LICENSE.txt", "toy/LICENSE.txt"),
    ],
)
def test_the_licence_file_of_a_wheel(
    shop: Path, server: Server, access: Access, place: str, path: str
) -> None:
    found = smith.wheel(shop, "toy", MIT, files={place: b"the text", "other/LICENSE": b"another"})
    artifact = smith.artifact(found, "toy", server.url)
    assert access.file_digest(artifact, path) == hashlib.sha256(b"the text").hexdigest()
    assert access.file_digest(artifact, "COPYING") == ""


def test_the_licence_file_of_a_source_distribution(shop: Path, server: Server, access: Access) -> None:
    found = smith.sdist(
        shop, "toy", {"PKG-INFO": MIT, "LICENSE": b"the text", "vendored/LICENSE": b"another"}
    )
    artifact = smith.artifact(found, "toy", server.url)
    assert access.file_digest(artifact, "LICENSE") == hashlib.sha256(b"the text").hexdigest()
    assert access.file_digest(artifact, "COPYING") == ""


@pytest.mark.parametrize("size", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7])
def test_a_file_in_pieces_reads_as_the_file(shop: Path, server: Server, size: int) -> None:
    content = os.urandom(size)
    (shop / "file").write_bytes(content)
    ranged = RangedFile(Web(variables={}), SafeUrl(f"{server.url}/file"))
    plain = io.BytesIO(content)
    for offset, whence, length in (
        (0, 0, 10),
        (-5, 2, -1),
        (size // 2, 0, BLOCK),
        (1, 0, -1),
        (0, 2, 5),
        (9, 0, 0),
    ):
        if whence == io.SEEK_END and -offset > size:
            continue
        assert ranged.seek(offset, whence) == plain.seek(offset, whence)
        assert ranged.read(length) == plain.read(length)
        assert ranged.tell() == plain.tell()
