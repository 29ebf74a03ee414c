"""One small input of each kind, made by us: what runs of the fuzzer start from and tests replay."""

from __future__ import annotations

import json

MANIFEST = {
    "schema": 1, "env_id": "a", "lock_id": "b", "engine": "uv", "python_version": "3.8.8", "interpreter": "/p",
    "marks": [{"path": "bin/python", "size": 1, "mtime_ns": 2, "sha256": "c"}], "platform": "linux-x86_64",
    "floor": "glibc-2.36", "packages": 1, "imports": ["a.b"], "built_at": "2026-01-01T00:00:00+00:00", "files": 3,
    "size": 4, "files_digest": "d",
}  # fmt: skip
CHANGE = {
    "code": "pin/vanished", "message": "m", "effect": "degraded", "before": "a", "after": "b",
    "origin": ["conda.yaml", 1, 2],
}  # fmt: skip
REQUEST = {
    "schema": 1, "key": "0" * 64, "model": "/m", "files": [{"path": "conda.yaml", "sha256": "a"}], "absent": ["b"],
    "spec_id": "c", "lock_id": "d", "env_id": "e", "engine": "uv", "python_requested": None, "as_of": None,
    "changes": [CHANGE], "answered_at": "2026-01-01T00:00:00+00:00",
}  # fmt: skip
FAILURE = {
    "schema": 1, "key": "0" * 64, "class": "build", "code": "build/failed", "message": "m", "hint": "h",
    "detail": "d", "origin": ["a", 1, 2], "requirements": [{"text": "t", "origin": ["a", 1, 2]}],
    "failed_at": 4102444800, "free": 1,
}  # fmt: skip
PIN = {"schema": 1, "target": "t", "model": "/m", "env_ids": ["a"], "pinned_at": "2026-01-01T00:00:00+00:00"}
LOCK = """lock-version = "1.0"
environments = ["sys_platform == 'linux'"]
requires-python = "==3.8.*"
created-by = "envbuilder"

[[packages]]
name = "six"
version = "1.16.0"

[[packages.wheels]]
name = "six-1.16.0-py2.py3-none-any.whl"
url = "https://u:p@example.org/six-1.16.0-py2.py3-none-any.whl"
upload-time = 2021-05-05T14:18:17Z
size = 11053
hashes = { sha256 = "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254" }

[[packages]]
name = "termcolor"
version = "1.1.0"
sdist = { name = "termcolor-1.1.0.tar.gz", url = "https://example.org/termcolor-1.1.0.tar.gz", hashes = { sha256 = "1111111111111111111111111111111111111111111111111111111111111111" } }

[tool.envbuilder]
schema = 1
lock-id = "x"
spec-id = "y"
engine = "uv"
imports = ["mlflow.sklearn"]
as-of = 2021-06-01T00:00:00Z
target = { python = "3.8.18", platform = "linux-x86_64", floor = "glibc-2.36", implementation = "cpython" }

[[tool.envbuilder.changes]]
code = "pin/vanished"
message = "m"
effect = "degraded"
file = "conda.yaml"
line = 3
column = 1
"""
POLICY = """[sources]
indexes = ["https://example.org/simple"]
url = "warn"
vcs = "deny"
[builds]
sdist = ["termcolor"]
[names]
pytorch = "torch"
[store]
max-size = "50GB"
max-age = "30d"
[levels]
"pin/unpinned" = "allow"
[licenses]
allow = ["MIT"]
[channels]
restricted = "warn"
[[exceptions]]
code = "channel/restricted"
reason = "r"
until = 2030-01-01
"""
MLMODEL = """artifact_path: model
flavors:
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    python_version: 3.8.8
  sklearn: {pickled_model: model.pkl, sklearn_version: 0.24.1, serialization_format: cloudpickle}
mlflow_version: 1.27.0
model_uuid: 0123456789abcdef
run_id: abc
utc_time_created: '2021-03-01 10:30:00.000001'
"""
CONDA = """name: mlflow-env
channels:
- defaults   # ours
- 'conda-forge'
dependencies:
- python=3.8.8
- pip<=21
- conda-forge::numpy=1.19.2=py38_0
- scikit-learn[version='>=0.24,<1',build=py38*]
- pip:
  - mlflow==1.27.0
  - torch==1.9.0+cu102
  - werkzeug=3.0.3
  - sklearn
"""
REQUIREMENTS = """# a comment
-i https://user:password@example.org/simple
--extra-index-url=https://example.org/t/token/x
mlflow[extras]>=1.2,<2 ; python_version < "3.9"  # why
numpy==1.19.2 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000
torch==1.9.0+cu102
a @ https://example.org/a-1.0-py3-none-any.whl#sha256=00
git+https://example.org/b@0123456789012345678901234567890123456789#egg=b
./wheels/a-1.0-py3-none-any.whl
-e .
-c constraints.txt
sklearn
pandas \\
  ~=1.1
"""
PYTHON_ENV = """python: 3.8.8
build_dependencies:
- pip==21.0
- setuptools
- wheel==0.36.2
dependencies:
- -r requirements.txt
"""
WORDS = (
    "  x No solution found when resolving dependencies:\n  ╰─▶ Because numpy==1.0 depends on six[a]>=2 and you"
    " require numpy==1.0, we can conclude that your requirements are unsatisfiable.\n"
    "hint: `six` was filtered by `exclude-newer`\n"
    "Because the current Python version (3.8) does not satisfy Python>=3.9,<4 and with the following Python ABI"
    " tags: `cp38`, `cp39` on the following platforms: `manylinux_2_17_x86_64`\nFailed to build `a==1.0`\n"
    "ERROR: No matching distribution found for b==2\nERROR: ResolutionImpossible\n"
)
LISTING = {
    "six": [
        {
            "filename": "six-1.16.0-py2.py3-none-any.whl", "url": "https://example.org/x", "sha256": "a",
            "uploaded": "2021-05-05T14:18:17+00:00", "python": ">=2.7", "yanked": False,
        }
    ]
}  # fmt: skip

CONDA_LOCK = r"""version: 1
metadata:
  content_hash: {linux-64: '5555'}
  channels: [{url: conda-forge, used_env_vars: []}]
  platforms: [linux-64]
  sources: []
  custom_metadata:
    envbuilder: '{"schema": 1, "lock-id": "deac3639ac1ecc27dbb685c128f24fa1049a8699e99a2a62fb908c35b41afcf6", "spec-id": "5555", "engine": "conda", "as-of": "2021-06-01T10:00:00+00:00",
      "target": {"python": "3.8.8", "platform": "linux-x86_64", "floor": "glibc-2.17", "implementation": "cpython"},
      "imports": ["sklearn"], "changes": [["date/raised", "x", "none", "a", "b", ["conda.yaml", 1, 2]]]}'
    envbuilder-conda: '{"python": {"build-number": 1, "size": 2, "built": "2021-01-01T00:00:00+00:00", "depends": ["b >=1"],
      "constrains": ["c"], "license": "PSF", "distribution": null}}'
    envbuilder-pip: '{"a": {"filename": "a-1.0-py3-none-any.whl", "kind": "wheel", "size": 3},
      "b": {"package": {"name": "b", "directory": {"path": "code"}, "tool": {"envbuilder": {"version": "1.0",
      "kind": "sdist", "filename": "source.tar.gz", "sha256": "BBBB", "size": 0}}}}}'
package:
- {name: python, version: 3.8.8, manager: conda, platform: linux-64, dependencies: {b: '>=1'},
  url: 'https://conda.anaconda.org/conda-forge/linux-64/python-3.8.8-h1_0.conda', build: h1_0,
  hash: {md5: dddd, sha256: AAAA}, category: main, optional: false}
- {name: a, version: '1.0', manager: pip, platform: linux-64, dependencies: {}, url: 'https://example.org/a-1.0-py3-none-any.whl',
  hash: {sha256: AAAA}, category: main, optional: false}
- {name: b, version: '1.0', manager: pip, platform: linux-64, dependencies: {}, url: ./code,
  hash: {sha256: BBBB}, category: main, optional: false}
""".replace("AAAA", "a" * 64).replace("BBBB", "b" * 64)
"""A lock of conda packages; its key is the one that it is read under."""

WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
METADATA = """Metadata-Version: 2.4
Name: a
Version: 1.0
License-Expression: (MIT OR Apache-2.0) AND GPL-2.0-only WITH Classpath-exception-2.0
License: BSD
        and more
License-File: LICENSE
Classifier: License :: OSI Approved :: MIT License
Requires-Dist: b[c]>=1; python_version < "3.9"

A description.
"""

OWN: tuple[tuple[str, str], ...] = (
    ("m", MLMODEL), ("c", CONDA), ("r", REQUIREMENTS), ("p", PYTHON_ENV),
    ("c", "{channels: [defaults, r], dependencies: [python=3.8, {pip: [a==1]}]}"),
    ("c", "dependencies:\n- &a numpy\n- *a\n"), ("c", "channels: anaconda\ndependencies: []\n"),
    ("k", "defaults::numpy[version='>=1,<2',build=py38*,md5=0]"), ("k", "https://u:p@example.org/c/linux-64::a 1.2 b"),
    ("k", "numpy >=1.0,<2|3.* py38_0"), ("k", "a[b,c] (>=1,!=2.*) ; python_version<'3' and (os_name == 'x')"),
    ("h", "https://repo.anaconda.com/t/x/pkgs/main/linux-64"), ("h", "conda-forge/label/dev"), ("h", "file:///srv/c"),
    ("h", "https://u:p@conda.anaconda.org/anaconda"), ("h", "${CHANNEL}/x"),
    ("e", "a|`b`\\|<c>&\"'[d](e){0}%0A::error file=x,y:z\x1b[31m"), ("e", "##[error]"),
    ("u", "https\x1fme\x1fa\x1fb\x1fx?token=1#y"), ("u", "git+ssh\x1fgit\x1f:\x1f?\x1ft/t/x"),
    ("w", WORDS), ("q", "2021-03-15T10:41:07Z"), ("q", "3.8.18"), ("q", "50 GiB"), ("q", "30d"), ("q", "host"),
    ("l", LOCK), ("L", CONDA_LOCK), ("t", LOCK), ("t", json.dumps(LISTING)),
    ("s", json.dumps(MANIFEST)), ("s", json.dumps(REQUEST)), ("s", json.dumps(FAILURE)), ("s", json.dumps(PIN)),
    ("b", '{"schema": 1, "findings": {"m": ["0123456789abcdef0123"]}}'),
    ("P", POLICY), ("P", '[tool.envbuilder.builds]\nsdist = "never"\n'),
    ("n", METADATA), ("n", "MIT OR (LicenseRef-a AND bsd)"), ("n", '[project]\nlicense = {text = "MIT"}\n'),
    ("n", "a>=1\n[b:python_version<'3']\nc\n"),
    ("R", "{}"), ("R", '{"fn": "b!1.tar.bz2", "url": "https://conda.anaconda.org/conda-forge/noarch/b%211.tar.bz2"}'),
    ("R", '{"url": "https://conda.anaconda.org/main/noarch/a-1.0-0.conda", "timestamp": 1600000000000, "size": 1}'),
    ("R", '{"url": "https://conda.anaconda.org/conda-forge/../main/noarch/a-1.0-0.conda", "depends": ["b"]}'),
    ("R", '{"subdir": "..", "fn": "%2e%2e", "url": "https://conda.anaconda.org/conda-forge/../%2e%2e"}'),
    ("i", '[[index]]\nurl = "https://example.org"\ndefault = true\n'),
    ("i", "[global]\nindex-url = https://u:p@example.org/simple\n"), ("i", 'index-url = "https://example.org"\n'),
)  # fmt: skip
"""A kind (see laws.KINDS) and an input of it."""
