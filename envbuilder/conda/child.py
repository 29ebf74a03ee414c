"""The child process in which py-rattler runs: request and answer are files, named by the first two arguments.

The third is the folder that has py-rattler, for where Python does not look by itself.

It has no network: channels' lists and unpacked packages are files that its parent checked. It ends by
``os._exit`` in the moment in which its answer is complete, since py-rattler's threads crash a good part of the
processes that end in the usual way after an awaited call.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import sys
from pathlib import Path
from typing import Any

# Behind everything else: nothing there can take the place of a module of Python's own.
sys.path.extend(sys.argv[3:4])

import rattler
from rattler.exceptions import InvalidMatchSpecError, SolverError
from rattler.networking import Client
from rattler.package_cache import PackageCache, PackageCacheLayer, ValidationMode


async def answer_to(asked: dict[str, Any]) -> dict[str, Any]:
    """Answer one request."""
    if asked["op"] == "install":
        return await _install(asked)
    if asked["op"] == "cuda":
        return _cuda()
    try:
        return _match(asked) if asked["op"] == "match" else await _solve(asked)
    except FileNotFoundError:
        raise
    except OSError as error:
        # Of a list that is none, and only now, since records are read when somebody asks for them.
        return {"damaged": str(error)}


async def _solve(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        specs, constraints = map(_specs, (asked["specs"], asked["constraints"]))
    except InvalidMatchSpecError as error:
        return {"unreadable": str(error)}
    listings = _listings(asked)
    # Listed last, so that of two records of one file the real one wins.
    built, more = _exempted(listings, asked)
    for policy in ("require-timestamp", "allow-missing"):
        try:
            records = await rattler.solve_with_sparse_repodata(
                specs, [*listings, *more],
                virtual_packages=[_virtual(*item) for item in asked["virtual"]],
                timeout=datetime.timedelta(seconds=asked["seconds"]),
                channel_priority=rattler.ChannelPriority.Strict,
                exclude_newer=_moment(asked["cutoff"]),
                constraints=constraints,
                timestamp_policy=policy,
            )  # fmt: skip
        except SolverError as error:  # noqa: PERF203 - two rounds
            failure = {"unsolvable": str(error)}
            if asked["cutoff"] is None:
                break
        else:
            found = [json.loads(record.to_json()) for record in records]
            return {"records": [{**item, **built.get(item["url"], {})} for item in found]}
    return failure


def _listings(asked: dict[str, Any]) -> list[rattler.SparseRepoData]:
    return [
        rattler.SparseRepoData(rattler.Channel(item["channel"]), item["subdir"], item["path"])
        for item in asked["listings"]
    ]


def _match(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell for each specification which records of its name it matches, of the first channel that has the name."""
    channels: dict[str, list[rattler.SparseRepoData]] = {}
    for item, listing in zip(asked["listings"], _listings(asked), strict=True):
        channels.setdefault(item["channel"], []).append(listing)
    loaded: dict[str, list[Any]] = {}
    matches = []
    for spec in _specs(asked["specs"]):
        name = str(spec.name.normalized)
        only = spec.channel.base_url.rstrip("/") if spec.channel else None
        for channel in [only] if only else channels:
            key = f"{channel} {name}"
            if key not in loaded:
                wanted = rattler.PackageName(name)
                loaded[key] = [r for part in channels.get(channel, ()) for r in part.load_records(wanted)]
            if loaded[key]:
                break
        matches.append([key, [at for at, record in enumerate(loaded[key]) if spec.matches(record)]])
    return {"matches": matches, "records": {key: [_brief(r) for r in found] for key, found in loaded.items()}}


def _brief(record: rattler.RepoDataRecord) -> list[Any]:
    built = record.timestamp
    return [str(record.version), str(record.build), int(built.timestamp() * 1000) if built else None]


def _specs(texts: list[str]) -> list[rattler.MatchSpec]:
    # Strictly, as solve() itself does, it would refuse what real files hold.
    return [rattler.MatchSpec(text, strict=False) for text in texts]


def _virtual(name: str, version: str, build: str) -> rattler.GenericVirtualPackage:
    return rattler.GenericVirtualPackage(
        rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build)
    )


def _moment(milliseconds: int | None) -> datetime.datetime | None:
    """Return a moment that py-rattler reads as it is meant: it takes every time for UTC."""
    if milliseconds is None:
        return None
    return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)


def _exempted(
    listings: list[rattler.SparseRepoData], asked: dict[str, Any]
) -> tuple[dict[str, dict[str, Any]], list[rattler.SparseRepoData]]:
    """Return lists of what is newer than the cut-off and exempt from it, as if built at the cut-off.

    Beside them the real times, by URL.
    """
    built: dict[str, dict[str, Any]] = {}
    more: list[rattler.SparseRepoData] = []
    if asked["cutoff"] is None or not asked["exempt"]:
        return built, more
    for number, (item, listing) in enumerate(zip(asked["listings"], listings, strict=True)):
        packages: dict[str, dict[str, Any]] = {"packages": {}, "packages.conda": {}}
        for name in asked["exempt"]:
            for record in listing.load_records(rattler.PackageName(name)):
                found = json.loads(record.to_json())
                file, url = found.pop("fn"), found.pop("url")
                # A list with another base than its channel never passes the gate.
                if found.get("timestamp", 0) > asked["cutoff"] and url.startswith(f"{item['channel']}/"):
                    built[url] = {"timestamp": found["timestamp"]}
                    kind = "packages.conda" if file.endswith(".conda") else "packages"
                    packages[kind][file] = {**found, "timestamp": asked["cutoff"]}
        path = Path(asked["folder"]) / f"exempt-{number}.json"
        path.write_text(json.dumps({"info": {"subdir": item["subdir"]}, **packages}), encoding="utf-8")
        more.append(rattler.SparseRepoData(rattler.Channel(item["channel"]), item["subdir"], str(path)))
    return built, more


async def _install(asked: dict[str, Any]) -> dict[str, Any]:
    layer = PackageCacheLayer(asked["packages"]).with_validation_mode(ValidationMode.full())
    await rattler.install(
        [_record(item, Path(asked["packages"])) for item in asked["records"]],
        asked["tree"],
        platform=rattler.Subdir(asked["subdir"]),
        execute_link_scripts=False,
        show_progress=False,
        # Of its own: the usual one reads the host's configuration.
        client=Client(),
        alternative_target_prefix=asked["final"],
        package_cache=PackageCache.from_layers([layer]),
    )
    return {"installed": len(asked["records"])}


def _record(item: dict[str, Any], packages: Path) -> rattler.RepoDataRecord:
    """Return the record of an unpacked package: what it says of itself, but needs what the channel says.

    Channels mend what packages need after they were built.
    """
    index = packages / item["stem"] / "info" / "index.json"
    record = rattler.PackageRecord.from_index_json(index, item["size"], item["sha256"], item["md5"] or None)
    record.depends, record.constrains = item["depends"], item["constrains"]
    return rattler.RepoDataRecord(record, item["filename"], item["url"], item["channel"])


def _cuda() -> dict[str, Any]:
    for package in rattler.VirtualPackage.detect():
        generic = package.into_generic()
        if generic.name.normalized == "__cuda":
            return {"cuda": str(generic.version)}
    return {"cuda": None}


def main(request: str, answer: str) -> None:
    """Answer one request and end."""
    try:
        told = asyncio.run(answer_to(json.loads(Path(request).read_bytes())))
    except BaseException as error:  # noqa: BLE001 - its exceptions have no root of their own; panics have another
        told = {"error": type(error).__name__, "message": str(error)}
    unfinished = Path(f"{answer}.part")
    unfinished.write_text(json.dumps(told), encoding="utf-8")
    unfinished.replace(answer)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:3])
