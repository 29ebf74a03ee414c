"""What the host tells us: the only module that reads environment variables and the user's folders."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.hostindex import configured_index
from envbuilder.limits import Limits, read_age, read_size
from envbuilder.redact import SafeUrl

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSED_ON = (
    "ALL_PROXY", "CURL_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "LANG", "LC_ALL", "LC_CTYPE", "NO_PROXY",
    "OMP_NUM_THREADS", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "REQUESTS_CA_BUNDLE", "SOURCE_DATE_EPOCH",
    "SSL_CERT_DIR", "SSL_CERT_FILE", "SYSTEMROOT", "TZ",
    "all_proxy", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
"""What tools get of the host's environment: certificates, proxies, locale. No PIP_*, UV_*, PYTHON*, tokens."""

MLFLOW_PREFIXES = (
    "MLFLOW_", "DATABRICKS_", "AWS_", "GOOGLE_", "CLOUDSDK_", "AZURE_", "ARM_", "HADOOP_", "KRB5", "_MLFLOW_",
)  # fmt: skip
"""What the child in which MLflow runs gets beside: the host's configuration of servers and stores of artifacts."""

INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
"""Where the host may name its default index, first one wins; else its uv.toml or pip.conf does."""

NO_LIMITS = Limits()


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The host's side of every question; built once by the caller and handed down."""

    home: Path
    """The store's root."""
    search_path: tuple[Path, ...] = ()
    """PATH, as directories."""
    user_home: Path
    pyenv_root: Path | None = None
    conda_prefixes: tuple[Path, ...] = ()
    index: SafeUrl | None = None
    """The host's configured default index; None leaves the engine's own."""
    tool_variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """What tools get of the host's variables. A proxy may have a password: no traceback shows them."""
    mlflow_variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The host's configuration of MLflow and of the stores of artifacts; it holds secrets."""
    python_downloads: bool = True
    python_mirror: str | None = field(default=None, repr=False)
    """Where managed interpreters are fetched from (UV_PYTHON_INSTALL_MIRROR), None for uv's own place."""
    offline: bool = False
    netrc: Path | None = None
    """Where accounts of hosts stand (NETRC), for conda channels alone; read when one is asked."""
    rattler_credentials: Path | None = None
    """Where rattler and pixi keep credentials of conda channels (RATTLER_AUTH_FILE); read when one is asked."""
    limits: Limits = NO_LIMITS
    """How large the store may grow on this host (ENVBUILDER_MAX_SIZE, ENVBUILDER_MIN_FREE, ENVBUILDER_MAX_AGE)."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the host's environment variables (``os.environ`` unless given). Raises UsageError."""
        # A copy: each look into os.environ costs as much as a system call.
        env = dict(os.environ if environ is None else environ)
        user_home = Path(env.get("HOME") or Path.home())
        pyenv_root = Path(env.get("PYENV_ROOT") or user_home / ".pyenv")
        named = next((env[name] for name in INDEX_VARIABLES if env.get(name)), None)
        index = named or configured_index(env, user_home)
        return cls(
            home=store_home(env),
            search_path=_folders(env.get("PATH", "")),
            user_home=user_home,
            pyenv_root=pyenv_root if pyenv_root.is_dir() else None,
            conda_prefixes=_conda_prefixes(env),
            index=SafeUrl(index) if index else None,
            tool_variables=tuple((name, env[name]) for name in PASSED_ON if name in env),
            mlflow_variables=tuple(
                (name, value) for name, value in env.items() if name.startswith(MLFLOW_PREFIXES)
            ),
            python_downloads=env.get("UV_PYTHON_DOWNLOADS", "automatic") not in ("never", "false", "0"),
            python_mirror=env.get("UV_PYTHON_INSTALL_MIRROR"),
            offline=env.get("UV_OFFLINE", "").lower() in ("1", "true", "yes"),
            netrc=Path(env.get("NETRC") or user_home / ".netrc"),
            rattler_credentials=Path(env.get("RATTLER_AUTH_FILE") or user_home / ".rattler/credentials.json"),
            limits=_limits(env),
        )


@functools.lru_cache(maxsize=8)
def _folders(search_path: str) -> tuple[Path, ...]:
    return tuple(Path(p) for p in search_path.split(os.pathsep) if p)


def own_environment() -> dict[str, str]:
    """Return this process's environment: what a command of the user's own gets, and no tool ever does."""
    return dict(os.environ)


def _limits(env: Mapping[str, str]) -> Limits:
    size, free, age = (env.get(f"ENVBUILDER_{name}") for name in ("MAX_SIZE", "MIN_FREE", "MAX_AGE"))
    if not (size or free or age):
        return NO_LIMITS
    return Limits(
        max_size=read_size(size) if size else None,
        min_free=read_size(free) if free else None,
        max_age=read_age(age) if age else None,
    )


def store_home(env: Mapping[str, str]) -> Path:
    """Return ``ENVBUILDER_HOME``, else the platform's user cache folder."""
    if env.get("ENVBUILDER_HOME"):
        return Path(env["ENVBUILDER_HOME"]).expanduser().absolute()
    import platformdirs  # the hit path of a configured host does without it

    return Path(platformdirs.user_cache_dir("envbuilder", appauthor=False))


def _conda_prefixes(env: Mapping[str, str]) -> tuple[Path, ...]:
    """The active conda prefix, and all environments of the installation that CONDA_EXE belongs to."""
    prefixes = [Path(env["CONDA_PREFIX"])] if env.get("CONDA_PREFIX") else []
    if env.get("CONDA_EXE"):
        root = Path(env["CONDA_EXE"]).parent.parent
        prefixes.append(root)
        if (root / "envs").is_dir():
            prefixes += sorted((root / "envs").iterdir())
    return tuple(dict.fromkeys(prefixes))
