"""Which direct references may be used: each refusal says what the policy and the line have to be."""

from __future__ import annotations

import pytest

from envbuilder.errors import PolicyError
from envbuilder.findings import Effect, Origin
from envbuilder.lock import Commit
from envbuilder.policy import Builds, PackagePattern, Policy, Sources
from envbuilder.redact import SafeUrl
from envbuilder.resolver.admission import admit, commit_of
from envbuilder.spec import DirectReference, PypiName, ReferenceKind

OPEN = Sources(url="allow", vcs="warn", local="allow", editable="allow")
SHA256 = f"sha256:{'1' * 64}"
X, Y = (PackagePattern(name=PypiName(name)) for name in "xy")
COMMIT = "0123456789abcdefABCD0123456789abcdef0123"
KINDS = {"https:": ReferenceKind.ARCHIVE, "http:": ReferenceKind.ARCHIVE, "git+": ReferenceKind.VCS}


def reference(text: str, *, digest: str = "", name: str = "x", editable: bool = False) -> DirectReference:
    kind = next((kind for start, kind in KINDS.items() if text.startswith(start)), ReferenceKind.PATH)
    return DirectReference(
        name=PypiName(name) if name else None,
        kind=ReferenceKind.EDITABLE if editable else kind,
        url=SafeUrl(text),
        digest=digest,
        path=text if kind is ReferenceKind.PATH else "",
        origin=Origin(file="requirements.txt", line=3),
    )


WHEEL = reference("https://example.org/x-1.0-py3-none-any.whl", digest=SHA256)
GIT = reference(f"git+https://example.org/x.git@{COMMIT}")
FILE = reference("wheels/x-1.0-py3-none-any.whl", digest=SHA256)
TREE = reference("tree", digest=SHA256)


def refusal(found: DirectReference, sources: Sources = OPEN, builds: Builds | None = None) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        admit([found], Policy(sources=sources, builds=builds or Builds()))
    assert caught.value.origin == found.origin
    return caught.value


@pytest.mark.parametrize(
    ("found", "entry", "form"),
    [
        (WHEEL, "url", "`x @ https://….whl#sha256=…`"),
        (GIT, "vcs", "`x @ git+https://HOST/PATH@COMMIT`"),
        (FILE, "local", "`wheels/NAME-VERSION-….whl`"),
        (TREE, "local", "`./FOLDER`"),
        (reference("tree", digest=SHA256, editable=True), "editable", "`./FOLDER`"),
        (reference(str(GIT.url), editable=True), "editable", "COMMIT"),
    ],
)
def test_what_is_closed_names_the_entry_and_the_form(found: DirectReference, entry: str, form: str) -> None:
    hint = refusal(found, Sources()).hint
    assert f'`[sources] {entry} = "allow"`' in hint
    assert form in hint


def test_an_editable_repository_wants_both_entries() -> None:
    found = reference(str(GIT.url), editable=True)
    assert '`[sources] vcs = "allow"`' in refusal(found, Sources(editable="allow")).hint
    assert refusal(found, Sources(vcs="allow")).code == "source/editable"


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (reference("https://example.org/x-1.0.tar.gz"), "no sha256"),
        (reference("https://example.org/x-1.0.tar.gz", digest="sha256:abc"), "no sha256"),
        (reference("https://example.org/x-1.0.tar.gz", digest=f"sha512:{'1' * 128}"), "no sha256"),
        (reference("https://example.org/x-1.0.tar.gz#subdirectory=a", digest=SHA256), "a part of an archive"),
        (reference("https://example.org/${X}-1.0.tar.gz", digest=SHA256), "a variable"),
        (reference("git+https://example.org/x"), "no full commit"),
        (reference("git+https://example.org/x@v1.0"), "no full commit"),
        (reference(f"git+https://example.org/x@{COMMIT[:12]}"), "no full commit"),
        (reference(f"git+https://example.org/x@{COMMIT}0"), "no full commit"),
        (reference(f"git+http://example.org/x@{COMMIT}"), "not fetched over https"),
        (reference(f"git+ssh://git@example.org/x@{COMMIT}"), "not fetched over https"),
        (reference(f"git+https://me:pw@example.org/x@{COMMIT}"), "credentials"),
        (reference("wheels/x-1.0-py3-none-any.whl"), "does not hold it"),
        (reference("tree"), "not read"),
        (reference("x-1.0.tar.gz", digest=SHA256, editable=True), "source tree"),
    ],
)
def test_what_may_be_another_thing_tomorrow(found: DirectReference, why: str) -> None:
    error = refusal(found)
    assert why in error.message
    assert "pw" not in f"{error}"


@pytest.mark.parametrize("found", [WHEEL, GIT, FILE, TREE])
def test_what_is_admitted_is_told(found: DirectReference) -> None:
    admitted, (change,) = admit([found], Policy(sources=OPEN))
    assert admitted == (found,)
    assert (change.effect, change.origin) == (Effect.NONE, found.origin)


def test_an_editable_becomes_a_copy() -> None:
    _, (change,) = admit([reference("tree", digest=SHA256, editable=True)], Policy(sources=OPEN))
    assert (change.code, change.before, change.effect) == ("source/editable", "-e tree", Effect.ADAPTED)


def test_builds_of_the_policy_count_for_source_alone() -> None:
    never = Builds(sdist="never")
    assert admit([WHEEL, FILE], Policy(sources=OPEN, builds=never))[0] == (WHEEL, FILE)
    for found in (GIT, TREE, reference("x-1.0.tar.gz", digest=SHA256)):
        assert refusal(found, builds=never).code == "build/from-source"
        assert admit([found], Policy(sources=OPEN, builds=Builds(sdist=(X,))))[0] == (found,)
        assert "[builds] sdist" in refusal(found, builds=Builds(sdist=(Y,))).hint
    old = Builds(sdist=(PackagePattern(name=PypiName("x"), specifier="<2"),))
    assert admit([reference("x-1.0.tar.gz", digest=SHA256)], Policy(sources=OPEN, builds=old))[0]
    for found in (TREE, GIT, reference("x-2.0.tar.gz", digest=SHA256)):
        assert refusal(found, builds=old).code == "build/from-source"
    assert "`name @ …`" in refusal(reference("tree", digest=SHA256, name=""), builds=Builds(sdist=(X,))).hint


def test_the_commit_of_a_reference() -> None:
    found = reference(f"git+https://example.org/x@{COMMIT}#egg=x&subdirectory=a/b")
    assert commit_of(found) == Commit(commit=COMMIT.lower(), subdirectory="a/b")
    assert commit_of(WHEEL) is None
