"""A script: writes ``conda-lock.yml`` by conda-lock's own models. Never imported; nothing of ours is there."""

import json
import pathlib
import sys

try:
    from conda_lock.lockfile import write_conda_lock_file
    from conda_lock.lockfile.v1.models import HashModel, LockMeta
    from conda_lock.lockfile.v2prelim.models import LockedDependency, Lockfile
    from conda_lock.models.channel import Channel
except ImportError:
    sys.exit(3)


def write(question: dict, path: pathlib.Path) -> None:  # type: ignore[type-arg]
    """Write the lock that a question holds."""
    platform = question["platform"]
    packages = [
        LockedDependency(
            **{key: value for key, value in package.items() if key != "hash" and value is not None},
            platform=platform,
            hash=HashModel(**package["hash"]),
            categories={"main"},
        )
        for package in question["packages"]
    ]
    metadata = LockMeta(
        content_hash={platform: question["content_hash"]},
        channels=[Channel(url=url, used_env_vars=()) for url in question["channels"]],
        platforms=[platform],
        sources=[],
        custom_metadata=question["custom_metadata"],
    )
    write_conda_lock_file(
        Lockfile(package=packages, metadata=metadata), path, metadata_choices=set(), include_help_text=False
    )


if __name__ == "__main__":
    write(json.loads(pathlib.Path(sys.argv[1]).read_text("utf-8")), pathlib.Path(sys.argv[2]))
