"""What the command line says: --help, and one line for each mistake."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import yaml

from rnnbench.cli.typed import unread
from rnnbench.config import CONF, PRESENTATION
from rnnbench.conversion import unknown_key
from rnnbench.errors import UsageError, install

FLAGS = ("-m", "--multirun", "-h", "--help", "--hydra-help", "--version", "-c", "--cfg", "--resolve", "-p", "--package",
         "-r", "--run", "-i", "--info", "-cp", "--config-path", "-cn", "--config-name", "-cd", "--config-dir",
         "-sc", "--shell-completion")  # fmt: skip

GROUPS = ("cell", "dataset", "optimizer", "study")
"""What is chosen by a file's name, ours under conf/ and the user's own under --config-dir."""

EXTRAS = {"joblib": "joblib", "submitit_slurm": "slurm", "submitit_local": "slurm"}
"""Choices of Hydra's that a plugin brings → the extra that installs it."""

HEAD = """\
rnnbench: GRU or LSTM? Train both on the task at hand and see which wins, by how much, how surely, at what cost.

  python -m rnnbench cell=gru seq_len=500                            one run
  python -m rnnbench -m cell=lstm,gru seq_len=100,500 seed=0,1,2     a sweep, with a report at the end
  python -m rnnbench.report results/NAME                             the report again
  python -m rnnbench.parity                                          our cells against torch.nn's
  python -m rnnbench.speed                                           step times of every backend

Options are key=value. With -m (--multirun) a key takes several values, separated by commas. Finished runs are skipped,
and a run that was killed goes on from its checkpoint. --cfg job shows the configuration without running it.
"""


def help_text() -> str:
    """Every choice and every key, its meaning and its default, from the configuration files themselves."""
    parts = [HEAD, "Choices (conf/):"]
    for group in GROUPS:
        files = sorted((CONF / group).glob("*.yaml"))
        if files:
            parts.append(f"\n  {group}=")
            width = max(len(file.stem) for file in files) + 2
            parts += [f"    {file.stem:{width}}{_first_comment(file)}" for file in files]
    parts.append("\n  hydra/launcher=     basic (see workers), joblib (side by side: hydra.launcher.n_jobs=2),")
    parts.append(
        "                      slurm (jobs of a cluster, see docs/cluster.md), slurm_local (the same without Slurm)"
    )
    parts.append("\nWhat each dataset sets, unless the command line does:\n")
    parts += [f"  {file.stem:16}{_settings(file)}" for file in sorted((CONF / "dataset").glob("*.yaml"))]
    parts.append("\nKeys, with their defaults where the dataset sets none:\n")
    text = (CONF / "config.yaml").read_text(encoding="utf-8")
    keys = text[text.index("\nname:") + 1 : text.index("\nhydra:")].rstrip()
    parts += [f"  {line}" if line else "" for line in keys.splitlines()]
    parts.append("\nEach cell's and dataset's own keys (cell.…, dataset.…) stand commented in its file under conf/.")
    parts.append("RNNBENCH_DATA names the folder of data files; without it, the user's cache directory.")
    return "\n".join(parts)


def check_flags(arguments: list[str]) -> None:
    """Refuse --seq_len 500 and the like, which belong to other programs' habits."""
    for argument in arguments:
        flag = argument.split("=", 1)[0]
        if flag.startswith("-") and not flag.startswith("-c") and flag not in FLAGS:
            name = flag.lstrip("-").replace("-", "_")
            raise UsageError(f"{argument}: options are written key=value, such as {name}=… (see --help)")


def check_own_choices(arguments: list[str]) -> None:
    """Refuse a file in --config-dir with the name of one of ours, since Hydra would take ours without a word."""
    folder = _config_dir(arguments)
    if folder is None:
        return
    for group in GROUPS:
        for file in sorted((folder / group).glob("*.yaml")):
            if (CONF / group / file.name).is_file():
                raise UsageError(
                    f"{file} has the name of rnnbench's own {group}: rename it", key=group, value=file.stem
                )


def check_names(arguments: list[str]) -> None:
    """Refuse what is no name where a file is chosen: of a list Hydra would take the last without a word."""
    for argument in arguments:
        group, _, value = argument.partition("=")
        several = value[:1] in ("[", "{")
        if group in GROUPS and (several or re.fullmatch(r"null|true|false|[\d.]+", value.lower())):
            problem = f"one a run; several, as in {group}=A,B, with -m" if several else "no such choice"
            allowed = ", ".join(_choices(group, _config_dir(arguments)))
            raise UsageError(problem, key=group, value=value, allowed=allowed)


def check_stays(arguments: list[str]) -> None:
    """Refuse to be moved to Hydra's folder of a job: paths are meant from where the command is typed."""
    for argument in arguments:
        key, _, value = argument.lstrip("+").partition("=")
        if key == "hydra.job.chdir" and value.lower() in ("true", "yes", "on", "1"):
            raise UsageError("a run's files go to results_dir, wherever Hydra would move to", key=key, value=value,
                             allowed="false")  # fmt: skip


def _config_dir(arguments: list[str]) -> Path | None:
    """The folder of the user's own choices: --config-dir DIR, --config-dir=DIR, -cd DIR."""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        flag, _, value = argument.partition("=")
        if flag in ("-cd", "--config-dir"):
            return Path(value or following)
    return None


def from_hydra(error: BaseException) -> bool:
    """Whether it was raised while Hydra read the request, so that the request is at fault and not our code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    raised_in = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    return any(
        name.startswith(("hydra", "omegaconf", "antlr4", "yaml")) for name in (type(error).__module__, raised_in)
    )


def one_line(error: Exception, arguments: list[str]) -> str:
    """A complaint of Hydra about the arguments as one line with the key, the value and what is allowed."""
    text = str(error)
    if isinstance(error, UsageError):
        return text
    if isinstance(error, yaml.YAMLError):
        mark = getattr(error, "problem_mark", None)
        where = f"{mark.name}, line {mark.line + 1}: " if mark is not None else ""
        return f"{where}no YAML: {getattr(error, 'problem', None) or ' '.join(text.split())}"
    if match := re.search(r"Could not find '([\w/]+)/([^']*)'", text):
        group, choice = match.groups()
        if choice in EXTRAS and group.startswith("hydra/"):
            return f"{group}={choice} needs a plugin: {install(EXTRAS[choice])}"
        problem = "no such choice"
        if _config_dir(arguments) is None and Path(group, f"{choice}.yaml").is_file():
            problem += f": for {group}/{choice}.yaml add --config-dir ."
        allowed = _choices(group, _config_dir(arguments))
        return str(UsageError(problem, key=group, value=choice, allowed=", ".join(allowed)))
    if match := re.search(r"Could not override '([^']+)'\.", text):
        key = match.group(1)
        value = re.search(rf"\+{re.escape(key)}=(\S*)", text)
        group = key.partition(".")[0]
        if f"{group}=custom" in arguments and any(a.startswith(f"{group}.target=") for a in arguments):
            asked = f"{key}={value.group(1) if value else ''}"
            return f"{asked}: no key of conf/{group}: a field of your own class is added with a plus: +{asked}"
        own = _config_dir(arguments)
        if own is not None and (own / key.replace(".", "/")).is_dir():
            asked = f"{key}={value.group(1) if value else ''}"
            return f"{asked}: a group of your own is added with a plus: +{asked}"
        return str(unknown_key(key, value.group(1) if value else "", _keys_beside(key, arguments)))
    if match := re.search(r"Ambiguous value for argument '([^']*)'", text):
        return f"{match.group(1)}: several values make a sweep: add -m"
    if match := re.search(r"[Mm]issing mandatory value: (\S+)", text):
        return str(UsageError("must be given", key=match.group(1), value="???"))
    if match := re.search(r"Could not override '?([^\s']+)'?", text):
        return str(UsageError("no such choice", key=match.group(1)))
    if match := re.match(r"Error merging override (\S+)$", text):
        cause = str(error.__cause__ or "cannot be").splitlines()
        return f"{match.group(1)}: {cause[0] if cause else 'cannot be'}"
    if "override_grammar" in text:
        return unread(arguments) or f"{' '.join(text.split())}: cannot be read (see --help)"
    if (key := getattr(error, "full_key", None)) is not None:  # OmegaConf: what a value refers to
        given = next((value for name, _, value in (a.partition("=") for a in reversed(arguments)) if name == key), "…")
        return f"{key}={given}: {text.splitlines()[0] if text else 'cannot be'}"
    if not type(error).__module__.startswith(("hydra", "omegaconf")):  # it stumbled over what it did not expect
        return f"{' '.join(arguments)}: cannot be read ({' '.join(text.split())}); see --help"
    return " ".join(text.split())


def _choices(group: str, own: Path | None) -> list[str]:
    folders = [CONF, *([own] if own is not None else [])]
    names = [file.stem for folder in folders for file in sorted((folder / group).glob("*.yaml"))]
    if group == "hydra/launcher":
        names = ["basic", "joblib", *names]
    return names or ["see --help"]


def _known_keys(arguments: list[str]) -> set[str]:
    """Keys of the configuration that these arguments choose: the top-level ones and those of the chosen files."""
    chosen = {"hydra/launcher": "basic"} | _defaults()
    chosen |= {group: choice for group, _, choice in (a.partition("=") for a in arguments) if group in chosen}
    keys = set(GROUPS)
    for group, choice in {**chosen, "": "config"}.items():
        file = CONF / group / f"{choice}.yaml"
        if not file.is_file():  # of the user's own, or several at once
            continue
        text = file.read_text(encoding="utf-8")
        values = {k: v for k, v in (yaml.safe_load(text) or {}).items() if k not in ("hydra", "defaults")}
        prefix = f"{group.replace('/', '.')}." if group and "@package _global_" not in text else ""
        keys |= _flat(values, prefix)
    return keys


def _defaults() -> dict[str, str]:
    """The choice of each group that is taken where none is made."""
    defaults = yaml.safe_load((CONF / "config.yaml").read_text(encoding="utf-8"))["defaults"]
    named = [each for each in defaults if isinstance(each, dict)]
    return {group: choice for each in named for group, choice in each.items() if group in GROUPS and choice}


def _keys_beside(key: str, arguments: list[str]) -> list[str]:
    """The keys of the group that a key names (budget.max_step: those of budget), else the top-level ones."""
    known = _known_keys(arguments)
    beside = {k for k in known if "." in key and k.rpartition(".")[0] == key.rpartition(".")[0]}
    top = {k.split(".")[0] for k in known} - {"hydra"}
    close = difflib.get_close_matches(key, known, n=1)
    return sorted(beside or {*top, *close})


def _flat(values: object, prefix: str) -> set[str]:
    if not isinstance(values, dict):
        return {prefix.rstrip(".")}
    return set().union(*(_flat(value, f"{prefix}{key}.") for key, value in values.items() if key not in PRESENTATION))


def _settings(file: Path) -> str:
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings = {k: v for k, v in values.items() if k not in ("dataset", "optimizer", "budget")}
    settings |= {f"{group}.{k}": v for group in ("optimizer", "budget") for k, v in values.get(group, {}).items()}
    return " ".join(f"{key}={'null' if value is None else value}" for key, value in settings.items())


def _first_comment(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((line[2:] for line in lines if line.startswith("# ") and "@package" not in line), "")
