"""What stderr shows of a long piece of work."""

from __future__ import annotations

import io
import sys

import pytest

from envbuilder.cli.terminal import showing_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_tells_once_whom_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    with showing_progress() as progress:
        progress.phase("install", "a")
        progress.advance(1, 2)
        progress.wait("process 7 on host: install")
        progress.wait("process 7 on host: verify")
    assert capsys.readouterr().err == "waiting for process 7 on host: install\n"


def test_a_terminal_obeys_no_text_of_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with showing_progress() as progress:
        progress.phase("download", "evil\x1b]0;title\x07 [bold]x[/]")
        progress.wait("process 7 on host: install")
    shown = screen.getvalue()
    assert "\x1b]0;" not in shown
    assert "\\x1b]0;title" in shown
    assert "[bold]x" in shown
    assert "waiting for process 7" in shown
