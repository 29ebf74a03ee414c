"""The MLmodel file: flavors, the names of the environment files, and where the model comes from."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.directory import inner_path
from envbuilder.reader.gather import Refusal
from envbuilder.reader.pythonversion import plain_version
from envbuilder.reader.reading import Reading
from envbuilder.reader.safeyaml import Mapping, Node, Scalar, is_absent, read_mapping, text_of
from envbuilder.redact import excerpt, masked
from envbuilder.spec import Flavor, PythonRequest

PATH = "MLmodel"
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_PATHS = ("code", "data", "model_path", "model_data", "pickled_model", "python_model")
"""Keys of a flavor whose paths loaders put on sys.path or open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A file that MLmodel names, relative to the model."""

    path: str
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class Logged:
    """What an MLmodel file says about its environment and its origin; credentials of URLs are masked."""

    flavors: tuple[Flavor, ...] = ()
    python: PythonRequest | None = None
    """The interpreter that logged the model."""
    conda_file: Named | None = None
    python_env: Named | None = None
    requirements: Named | None = None
    """The ``requirements_file`` of a pytorch flavor; before MLflow 1.18 such a model has no other."""
    mlflow_version: str | None = None
    version_origin: Origin | None = None
    created: datetime.datetime | None = None
    run_id: str | None = None
    model_uuid: str | None = None


def read_mlmodel(reading: Reading) -> Logged:
    """Read the model's MLmodel. Raises Missing, or Refusal for the file as a whole."""
    text = reading.text(PATH, limit=limits.MLMODEL_BYTES)
    root = read_mapping(text, PATH, max_nodes=limits.MLMODEL_NODES)
    reader = _Reader(root, reading)
    function = reader.function
    version = root.get("mlflow_version")
    conda, python_env = reader.environment_files()
    reader.check_paths()
    return Logged(
        flavors=reader.flavors(),
        python=reader.python(function),
        conda_file=conda,
        python_env=python_env,
        requirements=reader.requirements_file(),
        mlflow_version=reader.field("mlflow_version"),
        version_origin=version.origin if version else None,
        created=reader.created(),
        run_id=reader.field("run_id"),
        model_uuid=reader.field("model_uuid"),
    )


class _Reader:
    def __init__(self, root: Mapping, reading: Reading) -> None:
        self._root = root
        self._gathering = reading.gathering
        self._flavors = self._mapping(root.get("flavors"), "flavors")
        self.function = self._mapping(
            self._flavors.get("python_function") if self._flavors else None, "python_function"
        )

    def _mapping(self, node: Node | None, what: str) -> Mapping | None:
        if node is None or isinstance(node, Mapping):
            return node
        message = f"{what} is not a mapping; it is not read"
        self._gathering.warn("input/not-a-mapping", message, node.origin)
        return None

    def field(self, key: str) -> str | None:
        """A top-level text; what is no text is reported and left out."""
        node = self._root.get(key)
        if node is None:
            return None
        with self._gathering.refusals():
            text = text_of(node, key)
            if len(text) > limits.PATH_CHARACTERS:
                raise Refusal("input/too-long", f"{key} of {len(text)} characters", node.origin)
            return masked(text) or None
        return None

    def flavors(self) -> tuple[Flavor, ...]:
        found: list[Flavor] = []
        for key, value in self._flavors.pairs if self._flavors else ():
            with self._gathering.refusals():
                details = value if isinstance(value, Mapping) else None
                found.append(_flavor(key, details))
        return tuple(found)

    def python(self, function: Mapping | None) -> PythonRequest | None:
        node = function.get("python_version") if function else None
        if node is None:
            return None
        with self._gathering.refusals():
            text = text_of(node, "python_version")
            try:
                return PythonRequest(text=plain_version(text, node.origin), origin=node.origin)
            except Refusal as refusal:
                # Only a note of the logging interpreter, and templates hold garbage here; but never a path.
                if refusal.code != "input/python-version" or re.search(r"^-|[/\\]", text):
                    raise
                self._gathering.warn(refusal.code, refusal.message, node.origin, hint=refusal.hint)
        return None

    def environment_files(self) -> tuple[Named | None, Named | None]:
        node = None
        if self.function:
            node = self.function.get("env") or self.function.get("conda_env")
        if isinstance(node, Mapping):
            return self._named(node.get("conda")), self._named(node.get("virtualenv"))
        return self._named(node), None

    def requirements_file(self) -> Named | None:
        pytorch = self._flavors.get("pytorch") if self._flavors else None
        node = pytorch.get("requirements_file") if isinstance(pytorch, Mapping) else None
        return self._named(node.get("path") if isinstance(node, Mapping) else node)

    def _named(self, node: Node | None) -> Named | None:
        if node is None:
            return None
        with self._gathering.refusals():
            text = text_of(node, "the name of an environment file")
            return Named(path=inner_path(text, node.origin), origin=node.origin)
        return None

    def check_paths(self) -> None:
        """Refuse paths that leave the model, though nothing here opens them: loaders would."""
        for _, details in self._flavors.pairs if self._flavors else ():
            for key, node in details.pairs if isinstance(details, Mapping) else ():
                if key.value in _PATHS:
                    self._check_path(node)
                elif key.value == "artifacts" and isinstance(node, Mapping):
                    for _, artifact in node.pairs:
                        self._check_path(artifact.get("path") if isinstance(artifact, Mapping) else None)

    def _check_path(self, node: Node | None) -> None:
        if isinstance(node, Scalar) and not is_absent(node):
            with self._gathering.refusals():
                inner_path(text_of(node, "a path"), node.origin)

    def created(self) -> datetime.datetime | None:
        node = self._root.get("utc_time_created")
        text = self.field("utc_time_created")
        if node is None or text is None:
            return None
        moment = utc_time(text)
        if moment is None:
            message = f"utc_time_created {excerpt(text)!r} is no time; the model has no date"
            hint = "give a date with --as-of"
            self._gathering.warn("input/malformed-time", message, node.origin, hint=hint)
        return moment


def _flavor(key: Scalar, details: Mapping | None) -> Flavor:
    name = masked(text_of(key, "a flavor"))
    module = details.get("loader_module") if details else None
    version = _library_version(name, details) if details else ""
    return Flavor(
        name=name,
        loader_module=masked(text_of(module, "loader_module")) if module else "",
        library_version=version,
        origin=key.origin,
    )


_SHORT_KEYS = {"xgboost": "xgb", "lightgbm": "lgb"}


def _library_version(name: str, details: Mapping) -> str:
    node = details.get(f"{_SHORT_KEYS.get(name, name)}_version")
    return masked(text_of(node, "a version")) if isinstance(node, Scalar) else ""


def utc_time(text: str) -> datetime.datetime | None:
    """Return an aware time in UTC, None if the text is none; without a zone it is UTC (MLflow's habit)."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    *numbers, fraction, zone = found.groups()
    try:
        year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
        micro = int((fraction or "0").ljust(6, "0"))
        moment = datetime.datetime(year, month, day, hour, minute, second, micro, _zone(zone))
        return moment.astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> datetime.timezone:
    if text is None or text == "Z":
        return datetime.timezone.utc
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return datetime.timezone(datetime.timedelta(minutes=minutes if text[0] == "+" else -minutes))
