"""``envbuilder predict MODEL``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.failure import CLEAN, FINDINGS, finding_lines
from envbuilder.cli.objects import write_object
from envbuilder.cli.options import Asked, asked, model_argument, output_option, resolving
from envbuilder.cli.terminal import say, showing_progress
from envbuilder.errors import UsageError
from envbuilder.redact import excerpt, visible
from envbuilder.report.objects import finding_object

if TYPE_CHECKING:
    from envbuilder.predictions.given import Given
    from envbuilder.predictions.trial import Trial

LOG_LINES = 30
"""Of a traceback's end that people see; JSON has all of it."""

PLAIN = {"predict/schema", "predict/input", "predict/missing-module", "predict/own-code"}
"""What needs no traceback beside it."""


@click.command("predict")
@model_argument
@click.option(
    "-i",
    "--input",
    "input_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What to ask: .csv, .json (as MLflow's server takes it) or .parquet; default: the model's own input example.",
)
@click.option(
    "-o",
    "--output-file",
    "output_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the predictions there, as .json or .csv, instead of to stdout.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="For loading the model, and again for its answer; default: as long as it takes.",
)
@resolving
@output_option
def predict_command(
    *,
    model: str,
    input_path: Path | None,
    output_path: Path | None,
    timeout: float | None,
    output: str,
    **shared: Any,
) -> int:  # fmt: skip
    """Load MODEL in its own environment and predict: the check before it goes anywhere.

    Predictions are JSON in the form of MLflow's server. When the model cannot be loaded or does not answer, what was
    wrong is told, and the exit code is 1; it is 2 when nothing could be tried: no environment, no input.
    """
    from envbuilder.predictions.writing import write_predictions, writer_for

    if output_path:
        writer_for(output_path)  # a name that tells no form is no reason to build first
    trial = _tried(asked(**shared), model, input_path, timeout)
    if trial.predicted and output_path:
        write_predictions(trial.predicted, output_path)
    if output == "json":
        write_object(trial_object(model, trial))
    else:
        _tell(trial, written=output_path is not None)
    return CLEAN if trial.ok else FINDINGS


def _tried(wanted: Asked, model: str, input_path: Path | None, timeout: float | None) -> Trial:
    from envbuilder.predictions.given import read_input
    from envbuilder.predictions.trial import try_model
    from envbuilder.remote.whole import hold
    from envbuilder.use.restoration import restore

    with showing_progress() as progress:
        given = read_input(input_path) if input_path else None
        with hold(model, settings=wanted.settings, policy=wanted.policy, progress=progress) as held:
            _require(held.folder, model, given)
            restored = restore(
                held.folder,
                request=wanted.request,
                settings=wanted.settings,
                policy=wanted.policy,
                progress=progress,
            )
            progress.phase("predict")
            return try_model(restored, held.folder, given, timeout=timeout)


def _require(folder: Path, model: str, given: Given | None) -> None:
    """No environment is made for a model that cannot be loaded, or cannot be asked."""
    from envbuilder.predictions.trial import input_for

    if not (folder / "MLmodel").is_file():
        raise UsageError(
            f"{excerpt(model)} has no MLmodel file, so there is nothing to load",
            hint="give the folder of a logged model",
        )
    input_for(folder, given)


def _tell(trial: Trial, *, written: bool) -> None:
    """Tell people: predictions on stdout, all else on stderr."""
    if trial.failure and trial.findings[0].code not in PLAIN:
        for line in trial.failure.log.splitlines()[-LOG_LINES:]:
            say(f"  {visible(line)}")
    for finding in trial.findings:
        for line in finding_lines(finding):
            say(line)
    if trial.predicted and not written:
        click.echo(f'{{"predictions": {trial.predicted.text}}}')


def trial_object(model: str, trial: Trial) -> dict[str, Any]:
    """Return what ``predict --output json`` writes, without its schema number."""
    failure, predicted = trial.failure, trial.predicted
    return {
        "model": model,
        "ok": trial.ok,
        "env_id": trial.env_id,
        "prefix": str(trial.prefix),
        "python_version": trial.python_version,
        "mlflow_version": trial.mlflow_version or None,
        "input": {"name": trial.given.name, "form": trial.given.form, "own": trial.given.own},
        "rows": predicted.rows if predicted else None,
        "predictions": json.loads(predicted.text) if predicted else None,
        "findings": [finding_object(finding) for finding in trial.findings],
        "failure": failure
        and {
            "stage": failure.stage,
            "code": failure.code,
            "type": failure.type_name or None,
            "message": failure.message,
            "log": failure.log,
        },
        "seconds": {"load": round(trial.load_seconds, 6), "predict": round(trial.predict_seconds, 6)},
    }
