"""Conda dependencies that name a licensed channel, or a build that only such a channel has."""

from __future__ import annotations

from dataclasses import replace

from envbuilder.channels import CONDA_FORGE, restricted
from envbuilder.findings import Change, Effect
from envbuilder.policy import Policy
from envbuilder.redact import excerpt
from envbuilder.rewriter.channels import RESTRICTED
from envbuilder.spec import CondaRequirement, EnvSpec, PythonRequest

BUILD_STRING = "rewrite/build-string"
PYTHON_BUILD = "rewrite/python-build"

IDENTITY_KEYS = frozenset({"build_number", "fn", "md5", "sha256", "size", "timestamp", "url"})
"""Bracket keys that name one file of one channel."""


def drop_foreign_builds(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Drop build strings and hashes of files that only a licensed channel has; globs (``*mkl*``) stay.

    Has to run while the licensed channels still stand in the spec: they tell whose build it is.
    """
    listed = any(restricted(channel.text) for channel in spec.channels)
    changes: list[Change] = []
    kept: list[CondaRequirement] = []
    for item in spec.conda:
        foreign = restricted(item.channel) if item.channel else listed
        bare = _without_build(item) if foreign else item
        if bare != item:
            message = f"the build of {item.name} is a licensed channel's; any build will do"
            changes.append(_change(BUILD_STRING, message, item, bare))
        kept.append(bare)
    return (replace(spec, conda=tuple(kept)), tuple(changes)) if changes else (spec, ())


def _without_build(item: CondaRequirement) -> CondaRequirement:
    build = item.build if "*" in item.build else ""
    brackets = tuple(pair for pair in item.brackets if pair[0] not in IDENTITY_KEYS)
    return replace(item, build=build, brackets=brackets)


def drop_python_builds(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Ask for Python by its version alone, of which channels have a build for every change of its libraries."""
    changes = tuple(_python_change(wish) for wish in spec.python if wish.build)
    return (forget_python_builds(spec, _policy)[0], changes) if changes else (spec, ())


def _python_change(wish: PythonRequest) -> Change:
    return Change(
        code=PYTHON_BUILD,
        message=f"python is asked for by its version; any build of {excerpt(wish.text)} will do",
        effect=Effect.ADAPTED,
        before=excerpt(f"python {wish.text} {wish.build}"),
        after=excerpt(f"python {wish.text}"),
        origin=wish.origin,
    )


def forget_python_builds(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """The same for an interpreter of the host, which has no conda build to begin with: that is no change."""
    return replace(spec, python=tuple(replace(wish, build="") for wish in spec.python)), ()


def requalify(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Let dependencies that ask for a licensed channel (``defaults::x``) ask for conda-forge."""
    changes: list[Change] = []
    kept: list[CondaRequirement] = []
    for item in spec.conda:
        moved = item
        if item.channel and restricted(item.channel):
            moved = replace(item, channel=CONDA_FORGE)
            message = f"{item.name} asks for the licensed channel {excerpt(item.channel)}; now {CONDA_FORGE}"
            changes.append(_change(RESTRICTED, message, item, moved))
        kept.append(moved)
    return (replace(spec, conda=tuple(kept)), tuple(changes)) if changes else (spec, ())


def _change(code: str, message: str, item: CondaRequirement, after: CondaRequirement) -> Change:
    return Change(
        code=code,
        message=message,
        effect=Effect.ADAPTED,
        before=excerpt(item.text),
        after=excerpt(rendered(after)),
        origin=item.origin,
    )


def rendered(item: CondaRequirement) -> str:
    """Return a match specification as text: ``channel/subdir::name=version=build[key=value]``."""
    channel = f"{item.channel}{'/' + item.subdir if item.subdir else ''}::" if item.channel else ""
    version = item.version if not item.version or item.version[0] in "=<>!~" else f"={item.version}"
    build = f"={item.build}" if item.build and version else ""
    pairs = [*item.brackets, *([("build", item.build)] if item.build and not version else [])]
    brackets = f"[{','.join(f'{key}={value}' for key, value in pairs)}]" if pairs else ""
    return f"{channel}{item.name}{version}{build}{brackets}"
