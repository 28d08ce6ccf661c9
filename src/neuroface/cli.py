"""The command line: `neuroface <verb> [overrides]`.

Help, version and a wrong verb are answered before anything heavy is imported. Threads are limited before numerical
libraries start: folds run one process each with one thread, and a waiting OpenMP thread must not spin on a core that
another process needs (LIBRARIES: up to 12 times slower otherwise).
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from neuroface import __version__

VERBS = {
    "train": "fit and test a classifier, leaving people out; writes a run folder with a report",
    "eval": "score finished runs again from their predictions (run=FOLDER)",
    "report": "draw the report of a run again (run=FOLDER)",
    "show": "tell what a run folder holds and how it came out; open=true opens its page (run=FOLDER)",
    "explain": "draw what a run's networks looked at in the people they had not seen (run=FOLDER)",
    "predict": "ask a finished run's models about people they have not seen (run=FOLDER cohort=...)",
    "landmarks": "write landmarks and their quality, drawn on the clip if asked (out=FOLDER)",
    "features": "write the feature table of a cohort (out=FILE.csv)",
    "prepare": "write a cohort to disk, cut faces out of videos, or tell what a release holds (out=FOLDER)",
    "reproduce": "make a paper's tables again, ours beside the paper's (neuroface reproduce guarin run=FOLDER)",
    "fetch": "bring the file of a face network that is not ours to ship (neuroface fetch mesh)",
    "list": "show what there is to choose from (neuroface list features), or what the cache holds (list cache)",
    "prune": "free what earlier runs have decoded and kept (neuroface prune cache)",
    "new": "write a feature, classifier or cohort of your own: three files (neuroface new feature NAME)",
    "completion": 'complete words in your shell (eval "$(neuroface completion bash)"; or zsh, fish)',
    "check": "run the contract suite on a component (neuroface check features=rom)",
}

EXIT_CODES = """exit codes
  0 done    1 a run failed, some folds are missing    2 usage or configuration    3 data invalid
  4 weights missing    5 an audit or a tolerance failed    130 interrupted    143 terminated"""

THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "GOMP_SPINCOUNT": "300",
}
# Verbs whose work is kept as it is done.
CONTINUES = ("train", "landmarks", "prepare", "reproduce")


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if verb in ("-h", "--help", "help"):
        print(_help())
        return 0
    if verb in ("-V", "--version", "version"):
        print(f"neuroface {__version__}")
        return 0
    if verb == "__complete":
        from neuroface.verbs.complete import candidates

        sys.stdout.write("".join(f"{word}\n" for word in candidates(rest, VERBS)))
        return 0
    if verb not in VERBS:
        from neuroface.errors import did_you_mean

        return _fail(f"there is no verb {verb!r}." + did_you_mean(verb, VERBS) + " See neuroface --help.", 2)
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)
    return _run(verb, rest)


def _afterwards(verb: str) -> str:
    """What the same command will do after an interruption."""
    if verb in CONTINUES:
        return "what was finished is kept, and the same command continues"
    return "the same command starts again"


def _run(verb: str, arguments: list[str]) -> int:
    """Call the verb; every error a user can act on becomes one message and its exit code."""
    from neuroface.errors import NeurofaceError

    before = _as_kind_as_ctrl_c()
    try:
        if {"-h", "--help"} & set(arguments):
            from neuroface.verbs.help import verb_help

            print(verb_help(verb, VERBS[verb], [word for word in arguments if not word.startswith("-")]))
            return 0
        from neuroface.verbs import run_verb

        run_verb(verb, arguments)
        return 0
    except NeurofaceError as error:
        return _fail(str(error), error.exit_code)
    except Terminated:
        return _fail(f"terminated; {_afterwards(verb)}.", 143)
    except KeyboardInterrupt:
        return _fail(f"interrupted; {_afterwards(verb)}.", 130)
    except BrokenPipeError:  # the reader of our output (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        from neuroface.places import file_error

        told = file_error(error)
        return _fail(str(told), told.exit_code)
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


class Terminated(KeyboardInterrupt):
    """SIGTERM, by which batch systems and containers end a job: as Ctrl-C, everything is put in order first."""


def _as_kind_as_ctrl_c() -> Any:
    """Let the first SIGTERM raise `Terminated`, a second one end the process at once; returns the handler before.

    None, and nothing changed, outside the main thread, where no handler can be set.
    """

    def terminate(_: int, __: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated

    try:
        return signal.signal(signal.SIGTERM, terminate)
    except ValueError:
        return None


def _fail(message: str, code: int) -> int:
    print(f"neuroface: {message}", file=sys.stderr)
    return code


def _help() -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {line}" for verb, line in VERBS.items())
    return f"""neuroface {__version__}
From recordings of moving faces to honest, reproducible answers about neurological disease.
Research software, not a medical device.

usage
  neuroface <verb> [group=choice ...] [key=value ...]
  neuroface <verb> --help

verbs
{verbs}

examples
  neuroface train                                              a random forest on a synthetic clinic, HC v ALS
  neuroface train protocol=ps_vs_hc 'features=[ps13_v1]'       another question, another feature set
  neuroface train cohort=folder cohort.root=DIR run=runs/mine  your recordings
  neuroface train -m classifier=forest,logistic                several runs

{EXIT_CODES}"""
