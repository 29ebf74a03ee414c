"""Time zones as data: a name of the IANA database, or an offset in seconds."""

import datetime
import re
from typing import Any

from .faults import Unsupported

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*\Z")
"""Libraries open a file of that name: it must not lead anywhere else."""


def packed(zone: Any, moment: Any) -> Any:
    """Return a zone as data; None for none. ``moment`` is the time that it belongs to, where there is one."""
    if zone is None:
        return None
    name = _name(zone)
    if name is not None and _NAME.match(name) and not name.startswith("dateutil/"):
        return name
    try:
        offset = zone.utcoffset(moment)
    except Exception:
        offset = None
    if offset is None:
        raise Unsupported("the time zone {!r} has no name".format(zone))
    return offset.total_seconds()


def _name(zone: Any) -> Any:
    if zone is datetime.timezone.utc or type(zone).__name__ == "tzutc":
        return "UTC"
    for attribute in ("key", "zone"):  # zoneinfo, pytz
        name = getattr(zone, attribute, None)
        if isinstance(name, str):
            return name
    # dateutil keeps where it read it
    file = getattr(zone, "_filename", None)
    return file.rpartition("zoneinfo/")[2] if isinstance(file, str) else None


def checked(data: Any) -> Any:
    """Return a zone as pandas takes it: a name or a fixed zone."""
    return data if isinstance(data, str) and _is_name(data) else unpacked(data)


def _is_name(data: Any) -> bool:
    if _NAME.match(data) is None or data.startswith("dateutil/"):
        raise ValueError("no time zone: {!r}".format(data))
    return True


def unpacked(data: Any) -> Any:
    """Return the zone that packed() made data of, by whatever this side has for it."""
    if data is None:
        return None
    if data == "UTC":
        return datetime.timezone.utc
    if isinstance(data, (int, float)):
        return datetime.timezone(datetime.timedelta(seconds=data))
    _is_name(data)
    for known in (_of_zoneinfo, _of_pytz, _of_dateutil):
        try:
            found = known(data)
        except Exception:
            continue
        if found is not None:
            return found
    raise Unsupported("nothing here knows the time zone {}".format(data))


def _of_zoneinfo(name: str) -> Any:
    import zoneinfo

    return zoneinfo.ZoneInfo(name)


def _of_pytz(name: str) -> Any:
    import pytz

    return pytz.timezone(name)


def _of_dateutil(name: str) -> Any:
    from dateutil import tz

    return tz.gettz(name)


def fold(moment: Any) -> int:
    """Return which of two equal times of a day it is (PEP 495); pytz does not write it into the time."""
    localize = getattr(moment.tzinfo, "localize", None)
    if localize is None:
        return int(moment.fold)
    return int(localize(moment.replace(tzinfo=None), is_dst=True).utcoffset() != moment.utcoffset())


def placed(moment: Any, zone: Any) -> Any:
    """Return a time in its zone."""
    localize = getattr(zone, "localize", None)
    return localize(moment, is_dst=not moment.fold) if localize else moment.replace(tzinfo=zone)
