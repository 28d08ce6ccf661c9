"""Lists, dictionaries, texts and numbers that were pickled, read as data: nothing is imported or called.

PyTables, and so DeepLabCut, keeps the names of a table's columns in this way.
"""

from __future__ import annotations

from collections.abc import Callable
from pickletools import genops
from typing import Any

_TEXTS = ("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING", "SHORT_BINSTRING")
_NUMBERS = ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT")
_MADE: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


def read_plain_pickle(content: bytes) -> Any:
    """The value. Errors: ValueError for anything that is no plain value, or is damaged."""
    stack: list[Any] = []
    memo: dict[Any, Any] = {}
    try:
        for code, value, _ in genops(content):
            if code.name == "STOP":
                (found,) = stack
                return found
            _step(code.name, value, stack, memo)
    except (IndexError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ValueError(f"names are damaged ({type(error).__name__})") from error
    raise ValueError("names are cut off")


def _step(name: str, value: Any, stack: list[Any], memo: dict[Any, Any]) -> None:
    """One operation of the pickle machine (pickletools names and describes them)."""
    if name in _TEXTS or name in _NUMBERS:
        stack.append(value)
    elif name in _MADE:
        stack.append(_MADE[name]())
    elif name in _TUPLES:
        stack[-_TUPLES[name] :] = [tuple(stack[-_TUPLES[name] :])]
    elif name == "MARK":
        stack.append(_MARK)
    elif name in ("LIST", "TUPLE", "DICT"):
        held = _since_mark(stack)
        made: dict[str, Any] = {"LIST": list, "TUPLE": tuple, "DICT": _pairs}
        stack.append(made[name](held))
    elif name in ("APPEND", "APPENDS"):
        held = [stack.pop()] if name == "APPEND" else _since_mark(stack)
        stack[-1].extend(held)
    elif name in ("SETITEM", "SETITEMS"):
        held = [stack.pop(), stack.pop()][::-1] if name == "SETITEM" else _since_mark(stack)
        stack[-1].update(_pairs(held))
    elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
        memo[len(memo) if name == "MEMOIZE" else value] = stack[-1]
    elif name in ("GET", "BINGET", "LONG_BINGET"):
        stack.append(memo[value])
    elif name not in ("PROTO", "FRAME"):
        raise ValueError(f"names of columns that only running code could read ({name}); write it as CSV")


def _pairs(held: list[Any]) -> dict[Any, Any]:
    return dict(zip(held[::2], held[1::2], strict=True))


def _since_mark(stack: list[Any]) -> list[Any]:
    held: list[Any] = []
    while (top := stack.pop()) is not _MARK:
        held.insert(0, top)
    return held
