"""Compiling everything once: a read-only environment can never write its bytecode later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.process import neutral_directory, run

if TYPE_CHECKING:
    from envbuilder.builder.installer import Job

SECONDS = 3600.0


def compile_tree(job: Job) -> None:
    """Write bytecode for every module of the environment.

    Where Python has it (3.7, PEP 552) the bytecode is trusted without a look at the source's time: nobody
    can edit the source, and copies of the environment may have other times. Modules that do not compile
    (templates, another Python's syntax) stay as they are; importing them fails as it always did.
    """
    options = ["-q", "-j", "0"]
    if job.interpreter.release >= (3, 7, 0):
        options += ["--invalidation-mode", "unchecked-hash"]
    library = job.tree / "lib"
    with neutral_directory(job.scratch) as directory:
        argv = [str(job.python), "-I", "-m", "compileall", *options, str(library)]
        done = run(argv, directory=directory, variables=job.building_variables(), seconds=SECONDS)
        if "Traceback" in done.stderr:
            # Several processes need semaphores, which some sandboxes lack.
            job.log.note("bytecode: one process only")
            argv[argv.index("-j") : argv.index("-j") + 2] = []
            run(argv, directory=directory, variables=job.building_variables(), seconds=SECONDS)
    job.log.note(f"bytecode compiled in {done.seconds:.1f} s")
