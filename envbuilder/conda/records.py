"""Records of channels' lists (conda's RepoDataRecord) as the packages of a lock."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any, Final

from envbuilder.conda.names import distribution_of
from envbuilder.errors import PolicyError
from envbuilder.lock import CondaPackage
from envbuilder.redact import SafeUrl, excerpt
from envbuilder.spec import CondaName

if TYPE_CHECKING:
    from collections.abc import Iterable

SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MD5: Final = re.compile(r"[0-9a-f]{32}")


def read_record(record: object) -> CondaPackage:
    """Return one record as a package. Raises ValueError for what is none, PolicyError where it has no sha256."""
    match record:
        case {
            "name": str(name), "version": str(version), "build": str(build), "subdir": str(subdir),
            "fn": str(filename), "url": str(url), "channel": str(channel), **more,
        }:  # fmt: skip
            return CondaPackage(
                name=CondaName(name),
                version=version,
                build=build,
                build_number=_number(more.get("build_number")),
                channel=channel.rstrip("/"),
                subdir=subdir,
                filename=filename,
                url=SafeUrl(url),
                sha256=_sha256(name, channel, more.get("sha256")),
                md5=_md5(more.get("md5")),
                size=_number(more.get("size")),
                built=_time(more.get("timestamp")),
                depends=_texts(more.get("depends")),
                constrains=_texts(more.get("constrains")),
                license=_text(more.get("license")),
                distribution=distribution_of(CondaName(name)),
            )
    raise ValueError("a record without a name, a version or a place")


def sorted_packages(packages: Iterable[CondaPackage]) -> tuple[CondaPackage, ...]:
    """Return packages in the order of a lock."""
    return tuple(sorted(packages, key=lambda package: package.name))


def _sha256(name: str, channel: str, value: object) -> str:
    if isinstance(value, str) and SHA256.fullmatch(value):
        return value
    raise PolicyError(
        f"{excerpt(channel)} gives no sha256 for {excerpt(name)}, so that nobody can tell its file from another",
        code="channel/no-hash",
        hint="ask who runs the channel to index it anew",
    )


def _md5(value: object) -> str:
    return value if isinstance(value, str) and _MD5.fullmatch(value) else ""


def _number(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _time(milliseconds: object) -> datetime.datetime | None:
    """Return the time of a record; conda's are in milliseconds, of old days in seconds."""
    if not isinstance(milliseconds, int) or milliseconds <= 0:
        return None
    seconds = milliseconds / 1000 if milliseconds > 253_402_300_799 else milliseconds
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
