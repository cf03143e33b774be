"""What was typed: flags in any place, values that are swept, and what a person is shown of it again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rnnbench.errors import UsageError, for_shell

WITH_VALUE = ("-c", "--cfg", "-p", "--package", "-cp", "--config-path", "-cn", "--config-name", "-cd", "--config-dir")
"""Flags that the next argument belongs to."""

VIEWS = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
"""What --info may show: all, where none is named."""


def flags_first(arguments: Sequence[str]) -> list[str]:
    """The same with flags, and their values, before the options: argparse stops at options on both sides of a flag."""
    flags: list[str] = []
    options: list[str] = []
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if argument in ("-i", "--info"):
            view = left.pop(0) if left and not left[0].startswith("-") and "=" not in left[0] else "all"
            flags.append(f"--info={view}")
            continue
        (flags if argument.startswith("-") else options).append(argument)
        if argument in WITH_VALUE and left:
            flags.append(left.pop(0))
    return [*flags, *([] if "--hydra-help" in flags else options)]


def check_with_hydra(arguments: Sequence[str]) -> None:
    """Raises UsageError, one line, where Hydra's own parser would print its usage."""
    from hydra._internal.utils import get_args_parser

    parser = get_args_parser()

    def refuse(message: str) -> None:
        raise UsageError(f"{message.removeprefix('argument ')} (see --help)")

    parser.error = refuse  # type: ignore[method-assign, assignment]
    if "--version" not in arguments:
        parser.parse_args(list(arguments))


def check_taken_away(arguments: Sequence[str]) -> None:
    """Raises UsageError for `~key`, which Hydra has for groups that need not be chosen: all of ours have a value."""
    for argument in arguments:
        key = argument[1:].partition("=")[0]
        if argument.startswith("~") and key.partition("/")[0].partition(".")[0] != "hydra":
            raise UsageError(f"{argument}: no key can be taken away; what is not typed has its default (see --help)")


def for_each_choice(arguments: Sequence[str], groups: Sequence[str]) -> list[str]:
    """In a sweep over a group's choices, its keys as sweeps of one value: Hydra then asks each choice for them.

    As they stand, it would ask the choice that is made where none is.
    """
    if not {"-m", "--multirun"} & set(arguments):
        return list(arguments)
    pairs = [argument.partition("=") for argument in arguments]
    swept = {key for key, _, value in pairs if key in groups and re.search(r",|^(choice|glob)\(", value)}
    made = []
    for key, equals, value in pairs:
        once = key.partition(".")[0] in swept and "." in key and value and not _sweeps(f"{key}={value}")
        made.append(f"{key}=choice({value})" if once else f"{key}{equals}{value}")
    return made


def unread(arguments: Sequence[str]) -> str | None:
    """Of the first option that is not in Hydra's grammar: what it is, and how it would be."""
    options = [argument for argument in arguments if not argument.startswith("-")]
    for option, following in zip(options, [*options[1:], ""], strict=True):
        if _parsed(option) is not None:
            continue
        key, equals, value = option.partition("=")
        if equals and (bare := value.rstrip(", ")) != value and _parsed(f"{key}={bare}") is not None:
            more = f",{following}" if following and "=" not in following else ""
            return f"{option}: ends with a comma: {key}={bare}{more} (values without spaces between)"
        if not value.isascii() and re.fullmatch(r"[-+\d_.]+", value):
            return f"{option}: cannot be read: digits are 0 to 9"
        if equals and key and not set("\"'") & {value[:1]} and (quoted := quoting(key, value)):
            return f"{option}: cannot be read: quote the value: {quoted}"
        return f"{option}: cannot be read: options are written key=value (see --help)"
    return None


def quoting(key: str, value: str) -> str | None:
    """How to type a text so that shell and Hydra leave it as it is: 'name="2024_11_05"'; None where nothing does."""
    for mark in ('"', "'"):
        escaped = re.sub(r"(\\+)$", r"\1\1", re.sub(rf"(\\*){mark}", rf"\1\1\\{mark}", value))
        found = _parsed(f"{key}={mark}{escaped}{mark}")
        if found is not None and getattr(found.value(), "text", found.value()) == value:
            return for_shell(f"{key}={mark}{escaped}{mark}")
    return None


def as_typed(error: UsageError, arguments: Sequence[str]) -> str:
    """The complaint with the value as it was typed, where Hydra read a number of another spelling: 2024_11_05, 1e3."""
    for option in arguments:
        key, _, value = option.partition("=")
        of_text = "text" in (error.allowed or "").split(", ")
        if key.lstrip("+") != error.key or (value == error.shown and not of_text):
            continue
        found = _parsed(option)
        if found is None or found.is_sweep_override() or isinstance(error.value, str):
            continue
        if repr(found.value()) != repr(error.value):  # of which nan is itself
            continue
        hint = quoting(key, value) if of_text else None
        return f"{error.key}={value}: {error.problem} (allowed: {hint or error.allowed})"
    return str(error)


def swept_values(parsed: Sequence[object]) -> list[str]:
    """Of values that are worked out (`range(3)`, `sort(…)`): each key with those that will run, for people to see."""
    lines = []
    for override in parsed:
        if override.is_sweep_override() and "(" in override.input_line:  # type: ignore[attr-defined]
            values = [str(each) for each in override.sweep_string_iterator()]  # type: ignore[attr-defined]
            shown = values if len(values) <= 30 else [*values[:29], f"… {values[-1]}"]
            if len(values) > 1:
                lines.append(f"{override.key_or_group}: {', '.join(shown)}")  # type: ignore[attr-defined]
    return lines


def _sweeps(option: str) -> bool:
    found = _parsed(option)
    return found is None or found.is_sweep_override()


def _parsed(option: str):  # type: ignore[no-untyped-def]
    from hydra.core.override_parser.overrides_parser import OverridesParser

    try:
        return OverridesParser.create().parse_override(option)
    except Exception:  # whatever the grammar says
        return None
