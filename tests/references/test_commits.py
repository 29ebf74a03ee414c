"""One commit by the host's git: that very one, the same bytes for all, and nothing of the repository acts."""

from __future__ import annotations

import gzip
import http.server
import io
import ssl
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from envbuilder.errors import BuildError, ToolError
from envbuilder.lock import Commit
from envbuilder.redact import SafeUrl
from envbuilder.references import commits
from envbuilder.references.commits import commit_url, fetch_commit
from envbuilder.references.shelf import Shelf
from envbuilder.settings import Settings
from tests.references.conftest import SITE, commit, git, make_repository


def reference(name: str, revision: str, fragment: str = "") -> SafeUrl:
    return SafeUrl(f"git+{SITE}{name}@{revision}{fragment}")


def names(path: Path) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(path.read_bytes()))) as archive:
        return [entry.name.removeprefix("source/") for entry in archive]


def test_the_very_commit_and_not_a_later_one(site: Path, host: Settings, shelf: Shelf) -> None:
    first = make_repository(site / "x", {"a.py": "1", "in/b.py": "2"})
    commit(site / "x", {"c.py": "3"})
    path = fetch_commit(reference("x", first), Commit(commit=first), host, shelf)
    assert names(path) == ["a.py", "in/b.py"]
    assert path.parent.name == shelf.path(path.parent.name, "source.tar.gz").parent.name


def test_two_clones_give_the_same_bytes(site: Path, host: Settings, shelf: Shelf) -> None:
    one = make_repository(site / "x", {"a.py": "1"})
    git(site, "clone", "--quiet", "x", "y")
    commit(site / "y", {"later.py": ""})
    found = {fetch_commit(reference(name, one), Commit(commit=one), host, shelf) for name in "xy"}
    assert len(found) == 1


@pytest.mark.parametrize("revision", ["0" * 40, "master"])
def test_a_commit_that_is_not_there(revision: str, site: Path, host: Settings, shelf: Shelf) -> None:
    make_repository(site / "x", {"a.py": "1"})
    git(site / "x", "branch", "0" * 39)
    with pytest.raises(BuildError, match="cannot be had") as caught:
        fetch_commit(reference("x", revision), Commit(commit=revision), host, shelf)
    assert caught.value.code == "build/vcs"


def test_a_tag_named_like_a_commit_is_not_taken_for_it(site: Path, host: Settings, shelf: Shelf) -> None:
    make_repository(site / "x", {"a.py": "1"})
    wanted = "ab" * 20
    git(site / "x", "tag", wanted)
    with pytest.raises(BuildError, match="cannot be had"):
        fetch_commit(reference("x", wanted), Commit(commit=wanted), host, shelf)


def test_nothing_of_a_repository_acts(
    site: Path, host: Settings, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "canary"
    trap = f"touch {canary}"
    attributes = "* filter=evil diff=evil\nkept.txt text eol=crlf\n"
    one = make_repository(site / "x", {".gitattributes": attributes, "a.py": "1", "kept.txt": "a\n"})
    make_repository(site / "inner", {"b.py": "2"})
    git(site / "x", "submodule", "--quiet", "add", f"{site.as_uri()}/inner", "sub")
    one = commit(site / "x", {".lfsconfig": "[lfs]\n url = https://evil.example.org\n"})
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f'[core]\n hooksPath = {home}\n fsmonitor = {trap}\n[filter "evil"]\n smudge = {trap}\n clean = {trap}\n'
        f'[credential]\n helper = !{trap}\n[tar "tar"]\n command = {trap}\n'
    )
    for hook in ("post-checkout", "reference-transaction"):
        (home / hook).write_text(f"#!/bin/sh\n{trap}\n")
        (home / hook).chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", trap)
    path = fetch_commit(reference("x", one), Commit(commit=one), host, shelf)
    assert names(path) == [".gitattributes", ".gitmodules", ".lfsconfig", "a.py", "kept.txt"]
    assert not canary.exists()
    git(site / "x", "status")
    assert canary.exists()  # the trap works


def test_only_https_unless_a_test_says_so(host: Settings, shelf: Shelf, tmp_path: Path) -> None:
    one = make_repository(tmp_path / "x", {"a.py": "1"})
    assert commits.Transport(protocols="https") == commits.TRANSPORT
    for url in (f"{tmp_path.as_uri()}/x", f"ext::sh -c touch% {tmp_path}/canary", "ssh://example.org/x"):
        with pytest.raises(BuildError) as caught:
            fetch_commit(SafeUrl(url), Commit(commit=one), host, shelf)
        assert "not allowed" in caught.value.detail
    assert not (tmp_path / "canary").exists()


@pytest.fixture
def https(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A folder served over TLS on loopback: its URL and the certificate that proves it."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    files = ["-out", str(certificate), "-keyout", str(key)]
    subprocess.run(["openssl", "req", *kind, *subject, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    handler = partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"https://localhost:{server.server_port}/", certificate
        server.shutdown()
        thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


def test_over_https_with_the_hosts_certificates(
    https: tuple[str, Path], host: Settings, shelf: Shelf, tmp_path: Path
) -> None:
    url, certificate = https
    one = make_repository(tmp_path / "x", {"a.py": "1"})
    git(tmp_path / "x", "update-server-info")
    trusting = replace(host, tool_variables=(("SSL_CERT_FILE", str(certificate)), ("NO_PROXY", "localhost")))
    reference = SafeUrl(f"git+{url}x/.git@{one}")
    assert names(fetch_commit(reference, Commit(commit=one), trusting, shelf)) == ["a.py"]
    with pytest.raises(BuildError, match="cannot be had") as caught:
        fetch_commit(
            reference, Commit(commit=one), replace(host, tool_variables=(("NO_PROXY", "localhost"),)), shelf
        )
    assert "certificate" in caught.value.detail


def test_links(site: Path, host: Settings, shelf: Shelf) -> None:
    (site / "x").mkdir()
    (site / "x/link").symlink_to("in/b.py")
    make = {"in/b.py": "2"}
    git(site / "x", "init", "--quiet")
    one = commit(site / "x", make)
    path = fetch_commit(reference("x", one), Commit(commit=one), host, shelf)
    assert names(path) == ["in/b.py", "link"]
    (site / "x/out").symlink_to("../../../etc/passwd")
    two = commit(site / "x", make)
    with pytest.raises(BuildError, match="leads to no file"):
        fetch_commit(reference("x", two), Commit(commit=two), host, shelf)


def test_a_host_without_git(host: Settings, shelf: Shelf) -> None:
    with pytest.raises(ToolError, match="git was not found"):
        fetch_commit(reference("x", "0" * 40), Commit(commit="0" * 40), replace(host, search_path=()), shelf)


def test_offline(host: Settings, shelf: Shelf) -> None:
    with pytest.raises(BuildError, match="offline"):
        fetch_commit(reference("x", "0" * 40), Commit(commit="0" * 40), replace(host, offline=True), shelf)


def test_the_repository_of_a_reference() -> None:
    url = reference("a/b.git", "0" * 40, "#egg=b&subdirectory=c")
    assert commit_url(url) == f"{SITE}a/b.git"
