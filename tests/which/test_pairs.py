"""The plan carried out: who is killed ends as who was not, test rows are scored once, and time takes whole rounds."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from arrays_of_which import PLAN, Arrays

from rnnbench.data import splits as cut
from rnnbench.errors import UsageError
from rnnbench.which.budget import Plan
from rnnbench.which.crew import Crew, Found, alone
from rnnbench.which.journal import JOURNAL, Journal, opened
from rnnbench.which.pairs import Fitting, Pace, State, best_baseline, carry_out, pairs_of
from rnnbench.which.problem import Length, Scored, Settings, derived


def done(problem: Arrays, journal: Journal, stop_after: int | None = None) -> State:
    """Carried out in this process; killed after so many findings."""
    state = State(journal, PLAN)
    left = iter(range(10**6 if stop_after is None else stop_after))

    def run(tasks: Iterable[Any], deadline: float | None) -> Iterator[Found]:
        for found in alone(Fitting(problem, state.plan, 7), tasks, deadline):
            if next(left, None) is None:
                raise KeyboardInterrupt
            yield found

    carry_out(problem, state, run)
    return state


def test_killed_anywhere_it_ends_as_never_killed(tmp_path: Path) -> None:
    problem = Arrays()
    whole = done(problem, Journal())
    wanted = pairs_of(problem, whole)
    assert [pair.split for pair in wanted[0]] == list(range(10))
    assert wanted[1] == 2
    for stops in ((3,), (0, 1, 50), (97, 20), (111,), (129,)):
        folder = tmp_path / "-".join(map(str, stops))
        for stop in stops:
            with pytest.raises(KeyboardInterrupt):
                done(problem, Journal(folder), stop)
        assert pairs_of(problem, done(problem, Journal(folder))) == wanted
        key = lambda e: (e["what"], e["split"], e.get("slot"), e.get("number"), e.get("seed"))  # noqa: E731
        both = (Journal(folder).entries, whole.journal.entries)
        assert sorted(map(key, both[0]), key=repr) == sorted(map(key, both[1]), key=repr)  # nothing twice


def test_a_plan_that_gives_way_ends_as_if_it_had_been_the_plan(tmp_path: Path) -> None:
    """Two trials fewer, or fits of another length, once 30 trials are done: the same pairs as of that plan alone, also
    for who is killed and goes on from the journal."""
    problem = Arrays()
    for name, other in (("fewer", replace(PLAN, trials=2)), ("anew", replace(PLAN, length=Length(32, 2)))):
        journal = Journal(tmp_path / name)
        state = State(journal, PLAN)

        def late(state: State, pace: Pace, other: Plan = other) -> Plan | None:
            return other if len(state.journal.of("trial")) >= 30 and state.plan != other else None

        deadline = time.monotonic() + 0.2
        assert carry_out(problem, state, run_of(problem, state), deadline=deadline, late=late)
        assert len(journal.of("trial")) == (30 if name == "fewer" else 0)
        again = State(Journal(tmp_path / name), Plan.of(journal.last("plan")["plan"]))  # type: ignore[index]
        assert again.plan == other
        assert not carry_out(problem, again, run_of(problem, again))
        alone_with_it = State(Journal(), other)
        carry_out(problem, alone_with_it, run_of(problem, alone_with_it))
        assert pairs_of(problem, again) == pairs_of(problem, alone_with_it)


@pytest.mark.parametrize("what", ["question", "plan", "baselines", "trial", "fit", "answered", "of_tomorrow", None])
def test_what_is_no_line_of_ours_counts_as_none(what: str | None, tmp_path: Path) -> None:
    """Lines without what is read of them, or with another kind of it, between those that were written."""
    problem = Arrays()
    wanted = pairs_of(problem, done(problem, Journal(tmp_path)))
    file = tmp_path / JOURNAL
    whole = [json.loads(line) for line in file.read_text().splitlines()]
    lines = [{"what": what}] + [line | {key: {"a": [None]}} for line in whole if line["what"] == what
                                for key in line if key not in ("settings", "asked")]  # fmt: skip
    lines += [{key: value for key, value in line.items() if key != "split"} for line in whole if "split" in line]
    file.write_text("".join(json.dumps(line) + "\n" for line in [*lines, *whole, *lines]))
    assert Journal(tmp_path).entries == whole
    assert pairs_of(problem, done(problem, Journal(tmp_path))) == wanted


def test_seconds_add_up_over_sessions(tmp_path: Path) -> None:
    """One that was over after 100 seconds, as its last line says, and one of 50 by now."""
    first = Journal(tmp_path)
    first.add({"what": "session"})
    first.began -= 100
    first.add({"what": "answered", "pairs": 0, "seeds": 0, "minutes": None})
    again = Journal(tmp_path)
    again.add({"what": "session"})
    again.began -= 50
    assert again.seconds == pytest.approx(150, abs=1)
    assert Journal().seconds == pytest.approx(0, abs=1)


def run_of(problem: Arrays, state: State) -> Callable[[Iterable[Any], float | None], Iterator[Found]]:
    return lambda tasks, deadline: alone(Fitting(problem, state.plan, 7), tasks)


def test_a_line_cut_in_two_is_done_again(tmp_path: Path) -> None:
    problem = Arrays()
    with pytest.raises(KeyboardInterrupt):
        done(problem, Journal(tmp_path / "cut"), 60)
    path = tmp_path / "cut" / JOURNAL
    path.write_bytes(path.read_bytes()[:-25])
    assert pairs_of(problem, done(problem, Journal(tmp_path / "cut"))) == pairs_of(problem, done(problem, Journal()))


def test_test_rows_are_scored_once_a_seed_and_never_in_tuning() -> None:
    problem = Arrays()
    done(problem, Journal())
    assert len(problem.judged) == len(set(problem.judged)) == 10 * 2 * 2  # splits, cells, seeds


@pytest.mark.parametrize(("better", "expected"), [("higher", 2.5), ("lower", 2.0)])
def test_a_score_is_the_mean_over_seeds_and_of_errors_the_geometric_mean(
    better: Literal["higher", "lower"], expected: float
) -> None:
    """4 with the first seed and 1 with the second: their mean is 2.5, the root of their product 2."""

    def score(slot: int, split: int, settings: Settings, seed: int) -> float:
        return 4.0 if seed == derived(7, "fit", split, 0) else 1.0

    problem = Arrays(score=score, better=better)
    pairs, _ = pairs_of(problem, done(problem, Journal()))
    assert pairs[0].scores == pytest.approx((expected, expected))


def test_a_fit_that_diverged_counts_as_the_naive_baseline() -> None:
    problem = Arrays()
    state = done(problem, Journal())
    for entry in state.journal.entries:
        if entry["what"] == "fit" and (entry["split"], entry["slot"]) == (4, 1):
            entry |= {"diverged": True, "test": None}
    assert pairs_of(problem, state)[0][4].scores[1] == problem.naive


def test_what_the_best_simple_model_said_is_kept_beside_the_naive_baseline() -> None:
    class Answered(Arrays):
        def baselines(self, split: int) -> list[Scored]:
            kinds = {"majority": "naive", "linear model": "simple", "nearest": "simple"}
            return [Scored(name, kind, score, score, answers={"prediction": np.full(3, score)})  # type: ignore[arg-type]
                    for score, (name, kind) in enumerate(kinds.items())]  # fmt: skip

    kept = done(Answered(), Journal()).journal.arrays({"split": 4, "slot": "naive", "seed": 0})
    assert {name: values[0] for name, values in kept.items()} == {"prediction": 0, "simple": 2}


def test_a_round_of_seeds_that_was_cut_short_is_not_counted() -> None:
    problem, journal = Arrays(), Journal()
    state = done(problem, journal)
    journal.entries = [e for e in journal.entries if not (e["what"] == "fit" and e["seed"] == 1 and e["split"] == 9)]
    pairs, seeds = pairs_of(problem, State(journal, state.plan))
    assert (len(pairs), seeds) == (10, 1)


def test_the_same_in_processes_and_alone() -> None:
    problem = Arrays()
    state = State(Journal(), PLAN)
    with Crew(Fitting(problem, PLAN, 7), 2) as crew:
        carry_out(problem, state, crew)
    assert pairs_of(problem, state) == pairs_of(problem, done(problem, Journal()))


def sleeping(task: float) -> Iterator[Found]:
    yield {"what": "began", "split": 0}, None
    time.sleep(task)
    yield {"what": "ended", "split": 0}, None


def test_nothing_overruns_the_deadline() -> None:
    began = time.monotonic()
    with Crew(sleeping, 2) as crew:
        found = list(crew([0.0, 60.0, 60.0], began + 2.0))
    assert time.monotonic() - began < 10
    assert sum(entry["what"] == "ended" for entry, _ in found) == 1


def failing(task: int) -> Iterator[Found]:
    if task == 1:
        raise UsageError("no good", key="window", value=1)
    if task == 2:
        raise ZeroDivisionError
    raise SystemExit(3)


def test_what_a_process_raises_is_raised_here() -> None:
    for task, kind, words in ((1, UsageError, "window=1: no good"), (2, RuntimeError, "ZeroDivisionError"),
                              (3, RuntimeError, "died")):  # fmt: skip
        with pytest.raises(kind, match=words), Crew(failing, 1) as crew:
            list(crew([task]))


def test_the_best_baseline_is_chosen_on_validation() -> None:
    found: list[dict[str, Any]] = [
        {"name": "lucky", "kind": "naive", "valid": 0.4, "test": 0.9},
        {"name": "good", "kind": "naive", "valid": 0.6, "test": 0.5},
        {"name": "as good", "kind": "naive", "valid": 0.6, "test": 0.7},
        {"name": "unknown", "kind": "naive", "valid": 0.8, "test": None},
        {"name": "seen", "kind": "shown", "valid": 1.0, "test": 1.0},
    ]
    assert best_baseline(found, "naive", "higher")["name"] == "good"  # type: ignore[index]
    assert best_baseline(found, "naive", "lower")["name"] == "lucky"  # type: ignore[index]
    assert best_baseline(found, "simple", "higher") is None


def test_a_journal_belongs_to_one_question_and_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "results" / "beer"
    with opened(folder, {"target": "sales"}, "abc") as journal:
        journal.add({"what": "session"})
    with opened(folder, {"target": "sales"}, "abc") as journal:
        assert [entry["what"] for entry in journal.entries] == ["question", "session"]
        with pytest.raises(UsageError, match="another process"), opened(folder, {"target": "sales"}, "abc"):
            pass
    with pytest.raises(UsageError, match="the file has changed"), opened(folder, {"target": "sales"}, "abd"):
        pass
    with pytest.raises(UsageError, match="another question: target differ"), opened(folder, {"target": "x"}, "abc"):
        pass


def test_a_question_that_came_to_nothing_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "beer"
    with pytest.raises(UsageError, match="in vain"), opened(folder, {}, "abc"):
        raise UsageError("in vain")
    assert not folder.exists()


def test_groups_left_out_are_pairs() -> None:
    problem = Arrays(splits=cut.grouped(np.repeat(np.arange(12), 10), 0))
    state = State(Journal(), replace(PLAN, pairs=12))
    carry_out(problem, state, lambda tasks, deadline: alone(Fitting(problem, state.plan, 0), tasks, deadline))
    assert len(pairs_of(problem, state)[0]) == 12


def test_processes_end_with_their_parent_however_it_is_killed(tmp_path: Path) -> None:
    """The lock of the folder, which they inherited, is free as soon as they are gone."""
    code = (
        "import time\n"
        "from pathlib import Path\n"
        "from rnnbench.which.crew import Crew\n"
        "from rnnbench.which.journal import opened\n"
        "def work(task):\n"
        "    yield {'what': 'began', 'split': 0}, None\n"
        "    time.sleep(600)\n"
        f"with opened(Path({str(tmp_path / 'held')!r}), {{}}, 'abc'), Crew(work, 3) as crew:\n"
        "    for found in crew([1, 2, 3]):\n"
        "        print('began', flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(3)] == ["began\n"] * 3
    process.kill()
    process.wait()
    with opened(tmp_path / "held", {}, "abc") as journal:
        assert journal.entries
