"""The list of channels: licensed ones become conda-forge, and ``nodefaults`` keeps conda's own away."""

from __future__ import annotations

from dataclasses import replace

from envbuilder.channels import CONDA_FORGE, NODEFAULTS, canonical, excludes_defaults, restricted
from envbuilder.findings import Change, Effect
from envbuilder.policy import Policy
from envbuilder.redact import excerpt
from envbuilder.spec import Channel, EnvSpec

RESTRICTED = "channel/restricted"
IMPLICIT = "channel/implicit-defaults"
DUPLICATE = "rewrite/duplicate"


def replace_channels(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Put conda-forge in the place of each licensed channel; order is kept, duplicates are folded."""
    channels: dict[str, Channel] = {}
    changes: list[Change] = []
    for channel in spec.channels:
        text = CONDA_FORGE if restricted(channel.text) else channel.text
        again = canonical(text) in channels
        if text != channel.text or again:
            changes.append(_change(channel, text, again=again))
        channels.setdefault(canonical(text), replace(channel, text=text))
    return (replace(spec, channels=tuple(channels.values())), tuple(changes)) if changes else (spec, ())


def _change(channel: Channel, text: str, *, again: bool) -> Change:
    code, effect, shown = RESTRICTED, Effect.ADAPTED, excerpt(channel.text)
    if text == channel.text:
        code, effect, message = DUPLICATE, Effect.NONE, f"the channel {shown} stands twice; once is enough"
    elif channel.origin is None:
        code, message = IMPLICIT, f"no channels are named, which means {shown}; {text} takes its place"
    else:
        message = f"{text} takes the place of the licensed channel {shown}"
    after = "" if again else text
    return Change(code=code, message=message, effect=effect, before=shown, after=after, origin=channel.origin)


def name_conda_forge(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Name conda-forge where no file could name a channel: a conda environment has its Python from one.

    The effect is NONE: files of no conda environment ask for no channel.
    """
    if spec.conda_file or spec.conda or spec.channels:
        return spec, ()
    change = Change(
        code=IMPLICIT,
        message=f"no channel is named; {CONDA_FORGE} is asked",
        effect=Effect.NONE,
        after=CONDA_FORGE,
    )
    return replace(spec, channels=(Channel(text=CONDA_FORGE),)), (change,)


def exclude_defaults(spec: EnvSpec, _policy: Policy) -> tuple[EnvSpec, tuple[Change, ...]]:
    """Add ``nodefaults``, without which conda adds its own channels, and conda-forge in the place of those.

    The effect is NONE: the logged environment is restated, not altered.
    """
    if not (spec.conda_file or spec.conda or spec.channels):
        return spec, ()
    added = missing_channels([channel.text for channel in spec.channels])
    if not added:
        return spec, ()
    change = Change(
        code=IMPLICIT,
        message=f"{' and '.join(added)} added, or conda adds the host's own default channels",
        effect=Effect.NONE,
        after=", ".join(added),
    )
    channels = spec.channels + tuple(Channel(text=text) for text in added)
    return replace(spec, channels=channels), (change,)


def missing_channels(named: list[str]) -> list[str]:
    """Return what a list of channels lacks, so that it means the same with and without conda's own channels."""
    excluded = any(map(excludes_defaults, named))
    if excluded and len(named) > 1:
        return []
    forge = [] if CONDA_FORGE in map(canonical, named) else [CONDA_FORGE]
    return forge if excluded else [*forge, NODEFAULTS]
