"""The work of a comparison: what is not there yet is done, by any executor, and saved run by run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from pathlib import Path

from host.compare.places import attempt, check, warm_up
from host.compare.plan import Plan, Run
from host.compare.progress import State
from host.compare.rows import Row, row_of
from host.compare.store import Store
from host.compare.table import Comparison
from host.compare.workers import SENTENCE, Workers, cores, end_without_guard
from host.firmware import rules
from host.results import verdict
from host.results.ownership import alone
from host.results.result import Result, check_writable
from host.running.interrupts import Interrupts

LOOK_EVERY_S = 0.5  # at the clock, while nothing ends
Show = Callable[[State], None]
Kind = tuple[str, str]  # rule and place: runs of a kind share their machine code


def compare(
    plan: Plan,
    directory: str | Path,
    executor: Executor | None = None,
    jobs: int | None = None,
    show: Show | None = None,
) -> Comparison:
    """Do all runs of a plan that the directory does not have, then write its table.

    Args:
        directory: of this plan, or of others that differ in rules, places, chips, seeds and sweeps only.
        executor: where runs are done, any :class:`concurrent.futures.Executor`; None starts processes.
        jobs: how many runs at a time, by default as many as there are cores.
        show: called about twice a second with the progress.

    A run that fails becomes a row with its sentence, and the others go on. After an interrupt from the keyboard the
    table has the runs that are finished; called again, a comparison resumes where it was.

    The first run of each kind, a rule at a place, waits until short runs, one on each chip, have filled the code cache,
    and kinds do so one after the other: processes that compile the same functions at the same time would take twice as
    long.

    Raises:
        ValueError: bad input, before any work: a rule cannot work on a chip, or the directory is of another version or
            configuration, or not ours.
        OSError: a result cannot be written.
        SystemExit: a script called for this without ``if __name__ == "__main__":``, which its processes import.
    """
    if executor is None:
        end_without_guard()
    jobs = cores() if jobs is None else jobs
    if jobs < 1:
        raise ValueError(f"there are {jobs} jobs; at least 1 must do the work")
    directory = Path(directory)
    check_writable(directory)
    with alone(directory):
        return _compare(plan, Store(directory, plan), executor, jobs, show)


def _compare(plan: Plan, store: Store, executor: Executor | None, jobs: int, show: Show | None) -> Comparison:
    session = _Session(plan, store, jobs, show)
    for run in session.one_of_each():
        check(run, store.task)
    with Interrupts() as interrupts:
        try:
            session.work(executor)
        except KeyboardInterrupt:
            session.interrupted = True
        interrupts.hold_when(lambda: True)
        comparison = session.comparison()
        comparison.save(store)
        try:
            interrupts.release()
        except KeyboardInterrupt:
            comparison.interrupted = True
    return comparison


class _Session:
    """One call: which runs are left, which are under way, what came of them."""

    def __init__(self, plan: Plan, store: Store, jobs: int, show: Show | None):
        self.plan, self.store, self.jobs, self.show = plan, store, jobs, show
        self.interrupted = False
        self.rows: dict[str, Row] = {}
        self.assumptions: dict[str, list[str]] = {}
        self.seconds: list[float] = []  # that runs of this session took
        for run in plan.runs:
            if (result := store.load(run)) is not None:
                self._note(run, result, verdict.sentence(result))
        self.left = [run for run in plan.runs if run.name not in self.rows]
        self.cold = list(dict.fromkeys(_kind(run) for run in self.left))  # kinds whose code may not be compiled yet
        self.pending: dict[Future, Run | Kind] = {}
        self.suspects: set[str] = set()  # names of runs that were under way when a process ended unexpectedly

    def one_of_each(self) -> list[Run]:
        """Of the runs that are left, one for each rule, place, chip and swept value: seeds make no difference."""
        first: dict[tuple, Run] = {}
        for run in self.left:
            first.setdefault((run.rule, run.where, run.chip, run.sweep_value), run)
        return list(first.values())

    def comparison(self) -> Comparison:
        rows = [self.rows[run.name] for run in self.plan.runs if run.name in self.rows]
        assumed = dict.fromkeys(sentence for run in self.plan.runs for sentence in self.assumptions.get(run.name, []))
        training = 0 if self.store.task is None else len(self.store.task.train)
        return Comparison(self.plan, rows, list(assumed), self.interrupted, len(self.seconds), training)

    # ------------------------------------------------------------------ work

    def work(self, executor: Executor | None) -> None:
        """Do what is left; raises KeyboardInterrupt after what was under way has been ended or forgotten.

        Where a process of our own pool ends unexpectedly, a new pool goes on.
        """
        while self.left:
            pool = Workers(min(self.jobs, len(self.left))) if executor is None else executor
            finished = False
            try:
                self._work(pool)
                finished = True
            except BrokenExecutor:
                if executor is None and pool.without_guard:
                    raise SystemExit(f"plasticore: {SENTENCE}") from None
                self._collect()
                self._suspect(given_up=executor is not None)
            except KeyboardInterrupt:
                self._collect()
                raise
            finally:
                for future in self.pending:
                    future.cancel()
                self.pending = {}
                if executor is None:
                    pool.shutdown() if finished else pool.end()

    def _work(self, pool: Executor) -> None:
        if self.jobs == 1 and len(self.cold) == 1:
            self.cold = []  # nobody else could compile the same at the same time
        self._submit(pool)
        while self.pending:
            self._tell()
            done, _ = wait(self.pending, LOOK_EVERY_S, FIRST_COMPLETED)
            for future in done:
                self._end(future)
            self._submit(pool)
        self._tell()

    def _submit(self, pool: Executor) -> None:
        """Hand over a kind to compile, and runs whose code is: one more than run at a time, so that none waits for us.

        Suspects run alone, so that it shows who ends processes.
        """
        jobs = list(self.pending.values())
        if self.cold and not any(job == self.cold[0] for job in jobs):
            on_chips = {run.chip: run for run in reversed(self.left) if _kind(run) == self.cold[0]}
            self.pending[pool.submit(warm_up, tuple(reversed(on_chips.values())))] = self.cold[0]
        ready, room = [run for run in self.left if _kind(run) not in self.cold], self.jobs + 1 - len(self.pending)
        if suspects := [run for run in ready if run.name in self.suspects]:
            ready, room = suspects, 1 - len(self.pending)
        elif any(isinstance(job, Run) and job.name in self.suspects for job in jobs):
            room = 0
        for run in ready[: max(0, room)]:
            self.pending[pool.submit(attempt, run)] = run
            self.left.remove(run)

    def _end(self, future: Future) -> None:
        """Take what a future brings; raises what it raises, and leaves it among the pending ones then."""
        job, outcome = self.pending[future], future.result()
        if isinstance(job, Run):
            result, problem = outcome.result, outcome.problem
            try:
                if result is not None:
                    self.store.save(job, result, outcome.code)
            except (TypeError, ValueError) as error:  # a rule of a user's brought what no file can hold
                result, problem = None, f"the result cannot be saved: {error}"
            self.seconds.append(outcome.seconds)
            self._note(job, result, problem)
        else:
            self.cold.remove(job)
        del self.pending[future]

    def _collect(self) -> None:
        """Take what is finished although the rest will never be."""
        for future in list(self.pending):
            if future.done() and not future.cancelled() and future.exception() is None:
                self._end(future)

    def _suspect(self, given_up: bool) -> None:
        """A process is gone, and the pool with it: who was under way is tried alone, who was alone has failed."""
        runs = [job for job in self.pending.values() if isinstance(job, Run)]
        self.cold = [kind for kind in self.cold if kind not in self.pending.values()]
        if given_up:
            runs, self.left = runs + self.left, []
        if given_up or len(self.pending) == 1:
            for run in runs:
                self._note(run, None, "the process that did it, or was to, ended unexpectedly, as for lack of memory")
        else:
            self.suspects |= {run.name for run in runs}
            self.left = runs + self.left

    def _note(self, run: Run, result: Result | None, problem: str) -> None:
        place = self.store.place(run).relative_to(self.store.directory)
        self.rows[run.name] = row_of(run, result, problem, place.as_posix())
        self.assumptions[run.name] = result.assumptions if result is not None else []

    def _tell(self) -> None:
        if self.show is None:
            return
        pending = sum(isinstance(job, Run) for job in self.pending.values())
        compiling = next((rules.short_name(job[0]) for job in self.pending.values() if not isinstance(job, Run)), "")
        done, total = len(self.rows), len(self.plan.runs)
        failed = sum(not row.complete for row in self.rows.values())
        remaining_s = None
        if self.seconds:
            remaining_s = sum(self.seconds) / len(self.seconds) * (total - done) / min(self.jobs, max(1, total - done))
        self.show(State(done, total, min(self.jobs - bool(compiling), pending), failed, compiling, remaining_s))


def _kind(run: Run) -> Kind:
    return run.rule, run.where
