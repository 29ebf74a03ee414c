"""The list of all members, kept while they come: what stands twice, what a link redirects, what is no file."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from envbuilder.archives.limits import Limits, TooLarge
from envbuilder.archives.members import SETUID, Member, MemberKind
from envbuilder.archives.names import checked, escapes, leaves, unreadable
from envbuilder.findings import Level
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.archives.faults import Faults

_PLAIN = (MemberKind.FILE, MemberKind.HARDLINK)


class Ledger:
    """Judges members by what came before them. Paths are canonical: no ``.``, no empty part."""

    def __init__(self, faults: Faults, limits: Limits) -> None:
        self.count = 0
        self.kinds: dict[str, MemberKind] = {}
        """Every path that a member names."""
        self._faults = faults
        self._limits = limits
        self._folders: set[str] = set()
        self._folded: dict[str, str] = {}
        self._links: list[tuple[str, tuple[str, ...]]] = []
        """Symbolic links and the folders that their targets go through."""

    def admit(self, member: Member) -> str | None:
        """Return the path of a member; None if it is refused, or the top itself. Raises TooLarge."""
        self.count += 1
        if self.count > self._limits.members:
            raise TooLarge(f"it has more than {self._limits.members} members")
        parts = checked(member.name, faults=self._faults, limits=self._limits)
        if not parts:
            if parts is not None and member.kind is not MemberKind.FOLDER:
                self._refuse("malformed", member.name, "has the place of the top folder")
            return None
        path = "/".join(parts)
        sound = self._below(parts, path) and self._once(path, member) and self._harmless(path, member)
        self.kinds.setdefault(path, member.kind)
        return path if sound else None

    def finish(self) -> None:
        """Judge what can only be told once all members are known: links that lead through links."""
        for path, through in self._links:
            if any(self.kinds.get(folder) is MemberKind.SYMLINK for folder in through):
                self._refuse("link", path, "leads through another link")

    def _refuse(self, what: str, path: str, why: str) -> bool:
        self._faults.add(f"archive/{what}", f"the member {excerpt(path)!r} {why}", subject=path)
        return False

    def _below(self, parts: tuple[str, ...], path: str) -> bool:
        """Whether every folder that a path is in can be a folder."""
        folder = path.rpartition("/")[0]
        if folder in self._folders:
            return True
        for parent in _parents(parts):
            kind = self.kinds.get(parent, MemberKind.FOLDER)
            if kind is MemberKind.SYMLINK:
                return self._refuse("link", path, f"goes through the link {excerpt(parent)!r}")
            if kind is not MemberKind.FOLDER:
                return self._refuse("duplicate-member", path, f"is inside the file {excerpt(parent)!r}")
            self._folders.add(parent)
        return True

    def _once(self, path: str, member: Member) -> bool:
        known = self.kinds.get(path)
        if known is None and path in self._folders:
            known = MemberKind.FOLDER
        if known is None:
            return self._alone(path)
        if known is member.kind is MemberKind.FOLDER:
            return True
        if MemberKind.SYMLINK in (known, member.kind):
            return self._refuse("link", path, f"stands twice: as {known.value} and as {member.kind.value}")
        return self._refuse("duplicate-member", path, "stands twice")

    def _alone(self, path: str) -> bool:
        """Tell of names that are one on disks which fold case or compose letters; on others they are two."""
        other = self._folded.setdefault(unicodedata.normalize("NFC", path.casefold()), path)
        if other != path:
            self._faults.add(
                "archive/duplicate-member",
                f"the members {excerpt(other)!r} and {excerpt(path)!r} are one file on disks that fold case",
                level=Level.WARNING,
                subject=path,
            )
        return True

    def _harmless(self, path: str, member: Member) -> bool:
        match member.kind:
            case MemberKind.FILE if member.mode & SETUID:
                return self._refuse(
                    "special-file", path, "would run with its owner's rights (setuid, setgid)"
                )
            case MemberKind.SPECIAL:
                return self._refuse("special-file", path, f"is a {member.kind.value}")
            case MemberKind.HARDLINK:
                return self._hard_link(path, member.target)
            case MemberKind.SYMLINK:
                return self._symbolic_link(path, member.target)
        return True

    def _hard_link(self, path: str, target: str) -> bool:
        parts = tuple(part for part in target.split("/") if part not in ("", "."))
        trouble = unreadable(target) or escapes(target, parts)
        if trouble:
            return self._refuse("link", path, f"is a hard link whose target {excerpt(target)!r} {trouble}")
        if self.kinds.get("/".join(parts)) not in _PLAIN:
            return self._refuse("link", path, f"is a hard link to {excerpt(target)!r}, no file before it")
        return True

    def _symbolic_link(self, path: str, target: str) -> bool:
        trouble = unreadable(target) or escapes(target, ())
        if trouble:
            return self._refuse("link", path, f"is a link whose target {excerpt(target)!r} {trouble}")
        through = _way(path, target)
        if through is None:
            return self._refuse("link", path, f"is a link to {excerpt(target)!r}, outside the archive")
        self._links.append((path, through))
        return True


def _parents(parts: tuple[str, ...]) -> Iterator[str]:
    for length in range(1, len(parts)):
        yield "/".join(parts[:length])


def _way(path: str, target: str) -> tuple[str, ...] | None:
    """Return the folders that a link's target goes through; None if it leaves the archive."""
    here = path.split("/")[:-1]
    through = []
    for part in target.split("/"):
        if part in ("", "."):
            continue
        through.append("/".join(here))
        if part == "..":
            if not here:
                return None
            here.pop()
        elif leaves(part):
            return None
        else:
            here.append(part)
    return tuple(through)
