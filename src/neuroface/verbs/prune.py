"""`neuroface prune cache`: takes away what earlier runs have decoded and kept; it is made again when it is needed."""

from __future__ import annotations

import time
from pathlib import Path

from neuroface.errors import ConfigError, did_you_mean
from neuroface.store import GB, Store

KNOWN = ("cache",)
DAY_S = 86400.0


def run(arguments: list[str]) -> None:
    """Empty the cache, but for keep_gb=N of what was used last. store=FOLDER: another one than the user's."""
    words = dict(word.partition("=")[::2] for word in arguments if "=" in word)
    names = [word for word in arguments if "=" not in word]
    for name in names:
        if name not in KNOWN:
            raise ConfigError(f"prune {name}: there is no such thing." + did_you_mean(name, KNOWN))
    for key in words:
        if key not in ("keep_gb", "store"):
            raise ConfigError(f"there is no key {key!r}." + did_you_mean(key, ["keep_gb", "store"]))
    if not names:
        raise ConfigError("say what is to be pruned: neuroface prune cache. neuroface list cache tells what there is.")
    store = Store(_folder(words.get("store")))
    freed = store.prune(_bytes(words.get("keep_gb", "0")))
    print(f"{freed / 1e6:.0f} MB freed, {store.size_bytes() / 1e6:.0f} MB kept in {store.folder}")


def told(store: str | None = None) -> str:
    """What the cache holds, and when it was used."""
    kept = Store(store)
    entries = kept.entries()
    if not entries:
        return f"{kept.folder}: nothing is kept"
    lines = [f"{kept.folder}: {len(entries)} entries, {sum(size for _, size, _ in entries) / 1e6:.0f} MB"]
    now, before = time.time(), -float("inf")
    for days, words in ((1, "used today"), (30, "used in the last 30 days"), (float("inf"), "not used for longer")):
        size = sum(size for used, size, _ in entries if before < now - used <= days * DAY_S)
        lines.append(f"  {size / 1e6:>8.0f} MB  {words}")
        before = days * DAY_S
    return "\n".join([*lines, "neuroface prune cache [keep_gb=N] frees it; execution.store_limit_gb=N bounds it"])


def _folder(given: str | None) -> str | None:
    """Errors: ConfigError for a folder that is not there: nothing is pruned by a typing error."""
    if given is not None and not Path(given).expanduser().is_dir():
        raise ConfigError(f"store={given}: there is no such folder.")
    return given


def _bytes(gigabytes: str) -> float:
    try:
        size = float(gigabytes)
    except ValueError:
        size = -1.0
    if not 0 <= size < float("inf"):
        raise ConfigError(f"keep_gb={gigabytes}: give a number of gigabytes, 0 or more.")
    return size * GB
