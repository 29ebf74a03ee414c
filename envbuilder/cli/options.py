"""The options that commands share, and what they become."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from envbuilder.cli.terminal import showing_progress
from envbuilder.errors import PolicyError
from envbuilder.request import EngineName, Request, read_as_of, read_python
from envbuilder.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.remote.whole import Held

Command = TypeVar("Command", bound="Callable[..., Any]")
Answer = TypeVar("Answer")

OutputFormat = Literal["text", "json"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the shared options say."""

    request: Request
    settings: Settings
    policy: Policy

    def answer(self, stage: Callable[..., Answer], *models: str) -> Answer:
        """Run a stage on models, with progress on a terminal. Raises what the stage raises."""
        with showing_progress() as progress:
            return stage(
                *(self.located(model, progress) for model in models),
                request=self.request,
                settings=self.settings,
                policy=self.policy,
                progress=progress,
            )

    def located(self, model: str, progress: Progress) -> Path:
        """Return a model's folder; for a URI the one in the store with its environment files."""
        from envbuilder.remote.locating import located

        return located(model, settings=self.settings, policy=self.policy, progress=progress)

    def held(self, model: str, progress: Progress) -> Held:
        """Return a model's folder with all of its files; for a URI one in the store, held until it is closed."""
        from envbuilder.remote.whole import hold

        return hold(model, settings=self.settings, policy=self.policy, progress=progress)


def resolving(command: Command) -> Command:
    """Add the options of every command that resolves; the command receives them as keyword arguments."""
    for option in reversed(
        (
            click.option("--as-of", default="logged", metavar="logged|now|DATE", show_default=True,
                         help="The day whose packages are wanted; logged is the day the model was."),
            click.option("--python", metavar="VERSION", help="A Python version instead of the model's own; host is the one that runs envbuilder."),
            click.option("--platform", metavar="PLATFORM", help="linux-x86_64, macos-arm64 …; default: this host."),
            click.option("--engine", type=click.Choice(["auto", "uv", "pip", "conda"]), default="auto",
                         show_default=True, help="What resolves and installs."),
            click.option("--offline", is_flag=True, help="Use only what the store has."),
            click.option("--strict", is_flag=True, help="Allow no substitution of any kind."),
            click.option("--refresh", is_flag=True, help="Resolve again even if the store knows a lock."),
            policy_option,
        )
    ):  # fmt: skip
        command = option(command)
    return command


policy_option = click.option(
    "--policy", "policy_path", type=click.Path(path_type=Path), metavar="FILE",
    help="The policy; default: envbuilder.toml or [tool.envbuilder] of pyproject.toml in this folder.",
)  # fmt: skip

output_option = click.option(
    "--output", "output", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="text for people, json for machines.",
)  # fmt: skip

quiet_option = click.option("-q", "--quiet", is_flag=True, help="Do not tell what was substituted.")

model_argument = click.argument("model", metavar="MODEL")


def asked(
    *,
    as_of: str,
    python: str | None,
    platform: str | None,
    engine: EngineName,
    offline: bool,
    strict: bool,
    refresh: bool,
    policy_path: Path | None,
) -> Asked:
    """Return what the shared options mean. Raises UsageError, PolicyError."""
    settings = Settings.from_environ()
    if offline:
        settings = replace(settings, offline=True)
    request = Request(
        as_of=read_as_of(as_of),
        python=read_python(python),
        platform=platform,
        engine=engine,
        offline=settings.offline,
        strict=strict,
        refresh=refresh,
    )
    return Asked(request=request, settings=settings, policy=policy_of(policy_path))


def policy_of(path: Path | None) -> Policy:
    """Return the policy of a file, or of the folder where the command runs.

    Raises PolicyError, also where that folder is a model: what came with it is not the user's word.
    """
    from envbuilder.policyfile import find_policy, read_policy

    found = path or find_policy(Path())
    if found and path is None and os.path.lexists("MLmodel"):
        raise PolicyError(
            f"{found.name} stands in the folder of a model, and a model does not make its own policy",
            hint="run the command in another folder, or name a policy with --policy",
        )
    return read_policy(found)
