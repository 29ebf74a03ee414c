"""A channel of our own making, as small as it can be: an interpreter of this host, and packages that do little."""

from __future__ import annotations

import fcntl
import json
import platform
import sys
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from envbuilder.lock import Artifact, CondaPackage, Lock, Target
from envbuilder.policy import Channels, Policy
from envbuilder.redact import SafeUrl
from envbuilder.resolver.targets import host_platform
from envbuilder.spec import CondaName
from fixtures.conda_channel import PLACEHOLDER, File, Package, index, interpreters, pack_python, write

CHANNEL = "https://conda.anaconda.org/conda-forge"
MINOR = "3.8"
SEEDS = ("pip", "setuptools", "wheel")
"""What models may need without saying so: nobody asks an index for them where a channel has them."""

DAY = datetime(2020, 1, 1, tzinfo=timezone.utc)

GREETING = f"""
import sys
PLACE = {PLACEHOLDER!r}
def main():
    print("hello from", sys.prefix, PLACE)
"""
_BINARY = b"\0data\0" + PLACEHOLDER.encode() + b"/share:" + PLACEHOLDER.encode() + b"/etc\0more\0\0"


def placed() -> Package:
    """A package whose files name their place: a module, a compiled one, a script; and scripts that must not run."""
    site = f"lib/python{MINOR}/site-packages"
    info = f"{site}/placed-1.0.dist-info"
    script = f"#!{PLACEHOLDER}/bin/python\nimport placed\nplaced.main()\n"
    return Package(
        name="placed",
        depends=(f"python {MINOR}.*",),
        built=DAY,
        files={
            f"{site}/placed.py": File(data=GREETING.encode(), prefix="text"),
            f"{info}/METADATA": File(data=b"Metadata-Version: 2.1\nName: placed\nVersion: 1.0\n"),
            f"{info}/RECORD": File(data=b"placed.py,,\n/home/builder/over/there,,\n"),
            "lib/placed.bin": File(data=_BINARY, prefix="binary", mode=0o755),
            "bin/place": File(data=script.encode(), prefix="text", mode=0o755),
            "bin/.placed-post-link.sh": File(data=b"#!/bin/sh\ntouch $PREFIX/ran\n", mode=0o755),
            "etc/conda/activate.d/placed.sh": File(data=b"touch $CONDA_PREFIX/ran\n"),
        },
    )


def pure(name: str = "pure") -> Package:
    """A package for any Python, with an entry point."""
    return Package(
        name=name,
        subdir="noarch",
        noarch="python",
        entry_points=(f"greet-{name} = {name}:main",),
        depends=("python",),
        built=DAY,
        files={
            f"site-packages/{name}.py": File(
                data=b"import sys\ndef main():\n    print('pure in', sys.prefix)\n"
            ),
            f"site-packages/{name}-1.0.dist-info/METADATA": File(
                data=f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
            ),
        },
    )


def stand_in() -> Package:
    """A Python that is a script which starts the one that runs the tests: laid out in a moment."""
    script = f'#!/bin/sh\n# of {PLACEHOLDER}\nexec {sys.executable} "$@"\n'
    return Package(
        name="python",
        version=platform.python_version(),
        build="0_stand_in",
        built=DAY,
        files={"bin/python": File(data=script.encode(), prefix="text", mode=0o755)},
    )


def small_channel(base: Path) -> Path:
    """Return a channel with a real Python and all packages, made once below ``base`` whoever asks at once."""
    found = interpreters((MINOR,))
    if not found:
        pytest.skip(f"this host has no shared Python {MINOR} of pyenv to pack")
    return _made(base / "small-channel", lambda: (pack_python(found[MINOR], DAY), placed(), pure()))


def smallest_channel(base: Path) -> Path:
    """Return one whose Python is a stand-in, as are its pip and what comes with that."""
    return _made(base / "smallest-channel", lambda: (stand_in(), pure(), *map(pure, SEEDS)))


def _made(folder: Path, packages: Callable[[], Iterable[Package]]) -> Path:
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            for package in packages():
                write(package, folder)
            index(folder)
            (folder / "made").touch()
    return folder


def policy_for(channel: Path) -> Policy:
    """The policy of a user whose mirror of conda-forge is this folder."""
    mirrors = (("conda-forge", (SafeUrl(channel.as_uri()),)),)
    return Policy(channels=Channels(mirrors=mirrors))


def records(channel: Path) -> dict[str, CondaPackage]:
    """Return all packages of a channel, as a lock has them."""
    found = {}
    for listing in channel.glob("*/repodata.json"):
        document = json.loads(listing.read_text())
        for filename, record in {**document["packages"], **document["packages.conda"]}.items():
            found[record["name"]] = CondaPackage(
                name=CondaName(record["name"]),
                version=record["version"],
                build=record["build"],
                channel=CHANNEL,
                subdir=record["subdir"],
                filename=filename,
                url=SafeUrl(f"{CHANNEL}/{record['subdir']}/{filename}"),
                sha256=record["sha256"],
                md5=record["md5"],
                size=record["size"],
                depends=tuple(record["depends"]),
            )
    return found


def conda_lock_of(
    channel: Path, *names: str, artifacts: tuple[Artifact, ...] = (), imports: tuple[str, ...] = ()
) -> Lock:
    """Return a lock of Python and these packages of a channel, with files of the index on top."""
    known = records(channel)
    packages = tuple(known[name] for name in sorted({"python", *names}))
    return Lock(
        target=Target(python=known["python"].version, platform=host_platform(), floor="glibc-2.17"),
        artifacts=tuple(sorted(artifacts, key=lambda artifact: artifact.name)),
        spec_id="0" * 64,
        engine="conda",
        as_of=None,
        imports=imports,
        conda=packages,
    )
