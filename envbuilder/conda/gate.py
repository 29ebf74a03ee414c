"""The last gate: nothing is locked or fetched that is not of a channel which was asked for, and free.

By exact text, since whatever reads a URL in another way than we do would be a way around: a record's URL is
its channel's, its platform and its file name, joined by slashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from envbuilder.channels import SUBDIRS, restricted
from envbuilder.errors import PolicyError
from envbuilder.origins import origin_of
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from envbuilder.conda.questions import Source
    from envbuilder.lock import CondaPackage

SCHEMES: Final = ("https", "http", "file")

ARCHIVES: Final = (".conda", ".tar.bz2")


def refuse(packages: Iterable[CondaPackage], sources: Sequence[Source]) -> None:
    """Let pass what comes from one of ``sources``, which themselves must not be licensed.

    Raises PolicyError: ``channel/restricted`` for what is a licensed channel's by any of its texts,
    ``channel/not-allowed`` for another host or channel.
    """
    refuse_sources(sources)
    allowed = {source.channel for source in sources}
    for package in packages:
        for text in (package.channel, package.url.secret, f"{package.channel}/{package.subdir}"):
            if restricted(text):
                raise _licensed(f"{package.name} would come from {excerpt(text, 200)}")
        if package.channel not in allowed or not _below(package):
            raise PolicyError(
                f"{package.name} would come from {package.url}, which is of none of the channels"
                f" {', '.join(sorted(allowed))}",
                code="channel/not-allowed",
                hint="ask who runs the channel why it names another place; or name that channel",
            )


def refuse_sources(sources: Sequence[Source]) -> None:
    """Let pass channels and mirrors that may be asked at all. Raises PolicyError."""
    for source in sources:
        for text in (source.channel, *(mirror.secret for mirror in source.mirrors)):
            if restricted(text):
                raise _licensed(f"{excerpt(text, 200)} would be asked")
            if urlsplit(text).scheme not in SCHEMES:
                raise PolicyError(
                    f"{excerpt(text, 200)} is no URL of a channel",
                    code="channel/not-allowed",
                    hint=f"write it with {', '.join(SCHEMES)}",
                )


def refuse_url(url: str, origins: Collection[str]) -> None:
    """Let pass a URL to which a server sends us: with TLS, or at one of ``origins``, where we came from.

    Lists and archives often lie on another host than the channel, which is nobody's secret. Raises PolicyError
    (``channel/restricted``, ``channel/insecure-transport``).
    """
    if restricted(url):
        raise _licensed(f"a channel's server sends us to {excerpt(url, 200)}")
    if urlsplit(url).scheme != "https" and origin_of(url) not in origins:
        raise PolicyError(
            f"a channel's server sends us to {excerpt(url, 200)}, without TLS",
            code="channel/insecure-transport",
            hint="ask who runs the channel; or name a mirror in the policy",
        )


def _licensed(what: str) -> PolicyError:
    return PolicyError(
        f"{what}, one of Anaconda's licensed channels",
        code="channel/restricted",
        hint="name another channel; conda-forge has most of it",
    )


def _below(package: CondaPackage) -> bool:
    """Whether a package's URL is the one that its channel gives it; percent escapes within the name don't matter."""
    folder, _, name = package.url.secret.rpartition("/")
    return (
        folder == f"{package.channel}/{package.subdir}"
        and unquote(name) == package.filename
        and package.subdir in SUBDIRS
        and package.filename.endswith(ARCHIVES)
        and not set(package.filename) & set("/\\?#%")
    )
