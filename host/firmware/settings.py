"""Settings of a firmware as a command line has them: ``name=value``, read as the type that the setting has."""

from __future__ import annotations

import ast
import dataclasses
import enum
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chip.base.spelling import closest

FORM = "NAME=VALUE"
WORDS = {bool: "true or false", int: "a whole number", float: "a number"}
TRUTH = {"true": True, "false": False}


def split(texts: Iterable[str]) -> dict[str, str]:
    """Return names and values of ``name=value``, both as text.

    Raises:
        ValueError: one is not of that form, or a name is given twice; one sentence.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name.isidentifier():
            raise ValueError(f"--set is {text!r}; write {FORM}, as in --set updates=50")
        if name in found:
            raise ValueError(f"--set names {name} twice, {found[name]} and {value}; give it one value")
        found[name] = value
    return found


def fields(firmware_class: type) -> dict[str, dataclasses.Field]:
    """Return the settings that a user can choose, by name; none where the class has no dataclass of them."""
    settings_class = getattr(firmware_class, "settings_class", None)
    if not dataclasses.is_dataclass(settings_class):
        return {}
    return {field.name: field for field in dataclasses.fields(settings_class) if field.init}


def typed(firmware_class: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by name, texts among the values read as the types of the settings.

    Raises:
        ValueError: the firmware has no such setting, or a text stands for no value of its type; one sentence.
    """
    known = fields(firmware_class)
    for name in values:
        if name not in known:
            raise ValueError(_unknown(firmware_class, name, known))
    return {name: _typed(firmware_class, known[name], value) for name, value in values.items()}


def _unknown(firmware_class: type, name: str, known: Iterable[str]) -> str:
    who = f"firmware {firmware_class.__name__}"
    known = list(known)
    if not known:
        return f"{who} has no setting {name}; it has no settings"
    close = closest(name, known)
    listed = f"its settings are {', '.join(known)}"
    return f"{who} has no setting {name}; {close}; {listed}" if close else f"{who} has no setting {name}; {listed}"


def _typed(firmware_class: type, field: dataclasses.Field, value: Any) -> Any:
    default = _default(field)
    if isinstance(value, np.generic):
        value = value.item()
    if type(default) is str and not isinstance(value, str):
        return str(value)
    if type(default) is float and type(value) is int:
        return float(value)
    if not isinstance(value, str):
        return value
    try:
        return _read(value, default, _kinds(firmware_class, field))
    except (ValueError, SyntaxError, KeyError, OverflowError):
        what = _in_words(default)
        raise ValueError(
            f"setting {field.name} of firmware {firmware_class.__name__} is {value!r}; it takes {what}"
        ) from None


def _default(field: dataclasses.Field) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return None if field.default_factory is dataclasses.MISSING else field.default_factory()


def _kinds(firmware_class: Any, field: dataclasses.Field) -> tuple[Any, ...]:
    """The types that a setting is declared to have; empty where its annotation names what is not there."""
    try:
        hint = typing.get_type_hints(firmware_class.settings_class)[field.name]
    except (NameError, TypeError, AttributeError, KeyError):
        return ()
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return typing.get_args(hint) if union else (hint,)


def _read(text: str, default: Any, kinds: tuple[Any, ...]) -> Any:
    """Return what a text stands for; raises ValueError, SyntaxError or KeyError where that is nothing."""
    if isinstance(default, bool):
        return TRUTH[text.lower()]
    if isinstance(default, enum.Enum):
        return _member(type(default), text)
    if isinstance(default, str):
        return text
    if isinstance(default, Path):
        return Path(text)
    if isinstance(default, float):
        return float(text)
    if isinstance(default, int) and not _holds_several(kinds):
        return _whole(text)
    if default is None and str in kinds:
        return text
    if default is not None and not isinstance(default, int | tuple | list | dict | np.ndarray):
        raise ValueError("no text stands for it")
    value = ast.literal_eval(text)
    if isinstance(default, np.ndarray) or (isinstance(value, tuple | list) and np.ndarray in kinds):
        return np.asarray(value)
    if isinstance(default, tuple):
        return tuple(value) if isinstance(value, tuple | list) else (value,)
    if isinstance(default, list):
        return list(value) if isinstance(value, tuple | list) else [value]
    if isinstance(default, dict) and not isinstance(value, dict):
        raise ValueError("no dict")
    return value


def _holds_several(kinds: tuple[Any, ...]) -> bool:
    return any((typing.get_origin(kind) or kind) in (tuple, list, np.ndarray) for kind in kinds)


def _whole(text: str) -> int:
    """Return a whole number, also one that is written as ``1e6``."""
    try:
        return int(text)
    except ValueError:
        value = float(text)
        if not value.is_integer():
            raise
        return int(value)


def _member(kind: type[enum.Enum], text: str) -> enum.Enum:
    """Return the member of a name, in capitals or not, or of a value."""
    for member in kind:
        if text.lower() == member.name.lower() or text == str(member.value):
            return member
    raise ValueError(text)


def _in_words(default: Any) -> str:
    """What a setting takes, and its default."""
    if isinstance(default, enum.Enum):
        return f"one of {', '.join(member.name for member in type(default))}, by default {default.name}"
    if type(default) in WORDS:
        shown = str(default).lower() if isinstance(default, bool) else default
        return f"{WORDS[type(default)]}, by default {shown}"
    if isinstance(default, tuple | list | dict | np.ndarray | None):
        return f"what Python writes as one, such as {np.asarray(default).tolist() if default is not None else 3!r}"
    return f"a {type(default).__name__}, which no text stands for; choose it in Python"
