"""Options of requirement files: none is followed, and that is told where it can change what is installed."""

from __future__ import annotations

from dataclasses import replace

from envbuilder.findings import Change, Effect
from envbuilder.policy import Policy
from envbuilder.redact import excerpt
from envbuilder.spec import EnvSpec, Option

INDEX = "rewrite/index-ignored"
OPTION = "rewrite/option-ignored"

_PLACES = frozenset({"--index-url", "--pypi-url", "--extra-index-url", "--find-links", "--no-index"})
_STEERING = frozenset(
    {"--pre", "--no-binary", "--only-binary", "--global-option", "--install-option", "--config-settings"}
)
"""What these ask for may give other files, or others' builds of them. The rest only restates our own rules."""


def leave_options(spec: EnvSpec, policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Leave out every option: the user's policy says where packages come from, never a model."""
    allowed = {url.stripped.rstrip("/") for url in policy.sources.indexes}
    changes = tuple(_change(option, allowed) for option in spec.options)
    return replace(spec, options=()), changes


def _change(option: Option, allowed: set[str]) -> Change:
    text = excerpt(f"{option.name} {option.value}".strip(), 200)
    if option.name in _PLACES:
        same = option.value.rstrip("/") in allowed
        message = f"{text} is not followed; " + (
            "the policy names it too" if same else "packages come from the indexes of the host or the policy"
        )
        effect = Effect.NONE if same else Effect.ADAPTED
        return Change(code=INDEX, message=message, effect=effect, before=text, origin=option.origin)
    effect = Effect.ADAPTED if option.name in _STEERING else Effect.NONE
    message = f"{text} is not followed"
    return Change(code=OPTION, message=message, effect=effect, before=text, origin=option.origin)
