"""What a call of a loaded model costs, beside MLflow's own scoring server and beside a bare pipe.

    python benchmarks/predict_calls.py --sizes 1x50 1000x50 1000000x4 100000x4t

A size with a ``t`` at its end is of texts; ``--plain`` sends them without Arrow. All three answer with the same
model in the same environment (a fixture's, restored first): one that takes a column out of a frame, so that what is
measured is the way there and back. The server is ``mlflow models serve --env-manager local`` on the loopback, asked
over one connection in its ``dataframe_split`` form. The bare pipe is a process with the model that reads as many
bytes as our frame has, predicts on a frame that it has already, and writes as many bytes as our answer has: nothing
that lets a model live in another process can be faster. The three take turns; a ratio is of one round, the table has
the median of all rounds and their range.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import numpy  # noqa: E402
import pandas  # noqa: E402

from envbuilder.settings import Settings, own_environment  # noqa: E402
from envbuilder.use.restoration import restore  # noqa: E402
from envbuilder.workers.envbuilder_child import arrow, values  # noqa: E402
from envbuilder.workers.loading import LoadedModel, load  # noqa: E402

FIXTURES = ROOT / "fixtures" / "models"

MLMODEL = """\
flavors:
  python_function:
    code: code
    data: data
    loader_module: first_column
"""

CODE = """\
class Model:
    def predict(self, data):
        return data.iloc[:, 0].values


def _load_pyfunc(path):
    return Model()
"""

PIPE = """
import sys
import numpy, pandas
from mlflow import pyfunc
model, taken, given, rows, columns = sys.argv[1], *map(int, sys.argv[2:])
loaded = pyfunc.load_model(model)
frame = pandas.DataFrame(numpy.zeros((rows, columns)), columns=["c%d" % number for number in range(columns)])
came, answer = memoryview(bytearray(taken)), memoryview(bytes(given))
read, write = open(0, "rb", 0).readinto, open(1, "wb", 0, closefd=False).write
write(b"!")
while True:
    view = came
    while view.nbytes:
        got = read(view)
        if not got:
            sys.exit()
        view = view[got:]
    loaded.predict(frame)
    view = answer
    while view.nbytes:
        view = view[write(view):]
"""

PATIENCE = 120.0
"""Seconds for a server to start."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """A frame of floats, or of texts."""

    rows: int
    columns: int
    texts: bool = False

    @property
    def frame(self) -> pandas.DataFrame:
        """The same each time."""
        numbers = numpy.random.default_rng(self.rows).random((self.rows, self.columns))
        frame = pandas.DataFrame(numbers, columns=[f"c{number}" for number in range(self.columns)])
        return frame.astype(str) if self.texts else frame

    @property
    def answer(self) -> Any:
        """What the model returns for it."""
        return self.frame.iloc[:, 0].to_numpy(object if self.texts else float)

    @property
    def calls(self) -> int:
        """How many calls a round has: enough to be above the clock's noise."""
        return max(1, min(200, 200_000 // (self.rows * self.columns)))

    def __str__(self) -> str:
        return f"{self.rows:,} x {self.columns}{' texts' if self.texts else ''}"


def size_of(text: str) -> Size:
    rows, _, columns = text.rstrip("t").partition("x")
    return Size(rows=int(rows), columns=int(columns), texts=text.endswith("t"))


@dataclass(kw_only=True, slots=True)
class Row:
    """The seconds per call of each side, one entry per round."""

    size: Size
    ours: list[float] = field(default_factory=list)
    pipe: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        ahead = [server / ours for server, ours in zip(self.server, self.ours, strict=True)]
        behind = [ours / pipe for ours, pipe in zip(self.ours, self.pipe, strict=True)]
        cells = (f"{statistics.median(side) * 1e3:.3g}" for side in (self.ours, self.pipe, self.server))
        return f"| {self.size} | " + " | ".join((*cells, spread(behind), spread(ahead))) + " |"


HEAD = (
    "| rows x columns | ours (ms) | bare pipe (ms) | scoring server (ms) | ours / bare pipe | server / ours |\n"
    "|---|---:|---:|---:|---:|---:|"
)  # fmt: skip


def spread(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def write_model(folder: Path) -> Path:
    (folder / "code").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "MLmodel").write_text(MLMODEL)
    (folder / "code" / "first_column.py").write_text(CODE)
    return folder


@contextlib.contextmanager
def server(model: LoadedModel, path: Path) -> Iterator[http.client.HTTPConnection]:
    """Yield a connection to MLflow's scoring server of the model's environment; ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = ["python", "-m", "mlflow", "models", "serve", "-m", str(path), "-h", "127.0.0.1", "-p", str(port)]
    with tempfile.TemporaryDirectory() as scratch, (Path(scratch) / "log").open("wb") as log:
        child = model.session.popen(
            [*argv, "--env-manager", "local"], cwd=scratch, stdout=log, stderr=log, start_new_session=True
        )
        try:
            with contextlib.closing(connected(port, child, Path(log.name))) as connection:
                yield connection
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def connected(port: int, child: subprocess.Popen[Any], log: Path) -> http.client.HTTPConnection:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and child.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        with contextlib.suppress(OSError):
            connection.request("GET", "/ping")
            if connection.getresponse().read() is not None:
                return connection
        connection.close()
        time.sleep(0.2)
    sys.exit(f"the scoring server does not start:\n{log.read_text()[-2000:]}")


def post(connection: http.client.HTTPConnection, body: str) -> http.client.HTTPResponse:
    connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
    return connection.getresponse()


def ask(connection: http.client.HTTPConnection, frame: pandas.DataFrame) -> Any:
    body = f'{{"dataframe_split": {frame.to_json(orient="split", double_precision=15)}}}'
    try:
        response = post(connection, body)
    except (BrokenPipeError, ConnectionResetError):  # the server closes what was silent for some seconds
        connection.close()
        response = post(connection, body)
    content = response.read()
    if response.status != http.HTTPStatus.OK:
        sys.exit(f"the scoring server refuses: {content[:500]!r}")
    return numpy.asarray(json.loads(content)["predictions"])


@contextlib.contextmanager
def pipe(model: LoadedModel, path: Path, size: Size) -> Iterator[Callable[[], None]]:
    """Yield a call of the model over a bare pipe, with as many bytes as ours."""
    request, answer = (carried(value) for value in ((size.frame, None), size.answer))
    numbers = map(str, (len(request), len(answer), size.rows, size.columns))
    with model.session.popen(
        ["python", "-I", "-c", PIPE, str(path), *numbers],
        cwd=path.parent,  # where some versions of MLflow leave a folder
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
    ) as child:  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        for end in (child.stdin, child.stdout):
            fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 1 << 20)
        stdin, stdout = child.stdin, child.stdout
        stdout.read(1)
        back = memoryview(bytearray(len(answer)))

        def call() -> None:
            view = memoryview(request)
            while view.nbytes:
                view = view[stdin.write(view) :]
            view = back
            while view.nbytes:
                view = view[stdout.readinto(view) :]  # type: ignore[attr-defined]

        yield call
        stdin.close()


def carried(value: Any) -> bytes:
    """The bytes that go over for a value."""
    tree, buffers = values.pack(value, arrow.ENOUGH)
    return json.dumps(tree).encode() + b"".join(bytes(memoryview(buffer).cast("B")) for buffer in buffers)


def timed(call: Callable[[], Any], calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - began) / calls


def measure(
    model: LoadedModel, connection: http.client.HTTPConnection, path: Path, size: Size, rounds: int
) -> Row:
    """Take all rounds of a size; the first one is not counted."""
    row, frame = Row(size=size), size.frame
    with pipe(model, path, size) as bare:
        agree(model.predict(frame), ask(connection, frame))
        for number in range(rounds + 1):
            for side, call in (
                (row.ours, lambda: model.predict(frame)),
                (row.pipe, bare),
                (row.server, lambda: ask(connection, frame)),
            ):
                taken = timed(call, size.calls)
                if number:
                    side.append(taken)
    return row


def agree(ours: Any, theirs: Any) -> None:
    same = numpy.array_equal if ours.dtype == object else numpy.allclose
    if not same(ours, theirs):
        sys.exit("the sides do not predict the same")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--sizes", nargs="+", default=["1x50", "1000x50", "1000000x4"], metavar="ROWSxCOLUMNS"
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fixture", default="sklearn-3.1", help="whose environment the model lives in")
    parser.add_argument("--plain", action="store_true", help="never use Arrow")
    asked = parser.parse_args(arguments)
    if asked.plain:
        arrow.ENOUGH = None
    settings = Settings.from_environ(own_environment())
    print(HEAD)
    with tempfile.TemporaryDirectory(prefix="predict-calls-") as scratch:
        path = write_model(Path(scratch) / "model")
        restored = restore(FIXTURES / asked.fixture, settings=settings)
        with load(restored, path, timeout=600) as model, server(model, path) as connection:
            for text in asked.sizes:
                print(measure(model, connection, path, size_of(text), asked.rounds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
