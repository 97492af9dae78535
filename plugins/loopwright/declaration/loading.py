"""YAML to specification: one funnel for every declared file, and errors that name file and key path."""

from __future__ import annotations

import hashlib
import json
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from loopwright.declaration.fields import WrongAt
from loopwright.errors import DeclarationError

Spec = TypeVar("Spec", bound=BaseModel)
MAX_BYTES = 1_000_000
"""A declaration larger than this is a mistake (a data file under the wrong name), and is not parsed."""


def load_spec(path: Path, spec: type[Spec]) -> Spec:
    """Read one declaration.

    :param path: the YAML file.
    :param spec: the specification it must fulfil.
    :raises DeclarationError: if it is missing, is not YAML, or does not fulfil it; all problems are listed.
    """
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise DeclarationError(
            "The declaration is not a mapping of keys to values.",
            where=path,
            got=type(raw).__name__,
            mend="Start the file with `name: …`; `loopwright new` writes one to start from.",
        )
    try:
        return spec.model_validate(raw)
    except ValidationError as error:
        raise _explained(error, path, spec) from None


def read_yaml(path: Path) -> Any:
    """Read YAML with the safe loader, refusing keys that are written twice.

    :param path: the file.
    :raises DeclarationError: if it cannot be read or is not YAML.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DeclarationError("The declaration is too large.", where=path, allowed=f"{MAX_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(
            "The declaration cannot be read.", where=path, got=error, mend="Is the path right, and the file UTF-8 text?"
        ) from error
    try:
        return yaml.load(text, Loader=_OnceOnlyLoader)  # noqa: S506 - it is the safe loader, and stricter
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}, line {mark.line + 1}, column {mark.column + 1}" if mark else path
        raise DeclarationError(
            "The declaration is not valid YAML.", where=place, got=getattr(error, "problem", error)
        ) from error


DEFAULTS = 1
"""Raised by one when a default comes to mean something else: only then is an unchanged declaration another one."""


def said(spec: BaseModel, parts: set[str] | None = None) -> dict[str, Any]:
    """Return what a declaration says beyond the defaults, so that a release with new keys finds it unchanged.

    :param spec: any specification.
    :param parts: its keys to look at; all when left out.
    """
    return {"defaults": DEFAULTS, **spec.model_dump(mode="json", include=parts, exclude_defaults=True)}


def digest_of(value: Any) -> str:
    """Return a digest of what a declaration *says*: comments, order and spelled-out defaults do not change it.

    :param value: any specification, or plain JSON values.
    :return: 64 hexadecimal digits.
    """
    plain = said(value) if isinstance(value, BaseModel) else value
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


if TYPE_CHECKING:
    _SafeLoader = yaml.SafeLoader
else:
    # libyaml's, where PyYAML was built with it, is six times as fast, and reading YAML is most of a DAG parse.
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _OnceOnlyLoader(_SafeLoader):
    """The safe loader, which keeps only the last of repeated keys, made to refuse them instead."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str | int | float | bool) and key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key!r} is written twice", problem_mark=key_node.start_mark
                )
            if isinstance(key, str | int | float | bool):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _explained(error: ValidationError, path: Path, spec: type[BaseModel]) -> DeclarationError:
    problems = error.errors(include_url=False)
    said = [_sentence(problem, spec) for problem in problems]
    first = problems[0]
    more = f" (and {len(said) - 5} more)" if len(said) > 5 else ""
    count = "one thing" if len(said) == 1 else f"{len(said)} things"
    return DeclarationError(
        f"The declaration is wrong in {count}:\n  - " + "\n  - ".join(said[:5]) + more,
        where=f"{path}: {_key(first) or 'top level'}",
        got=_got(first),
        allowed=_allowed(first, spec),
        mend="`loopwright schema` prints every key with its meaning.",
    )


def _key(problem: Any) -> str:
    """Return the path of the key that is wrong; a check over several of them says which one."""
    said = (problem.get("ctx") or {}).get("error")
    return said.key if isinstance(said, WrongAt) else _path(problem["loc"])


def _got(problem: Any) -> Any:
    said = (problem.get("ctx") or {}).get("error")
    if isinstance(said, WrongAt):
        return said.got
    if problem["type"] == "extra_forbidden":
        return f"the key {problem['loc'][-1]!r}"
    if problem["type"] == "missing":
        return "nothing"
    if problem["type"] == "union_tag_invalid":
        return _tags(problem)[1]
    # A check over several keys is given all of them, and the sentence names those that it is about.
    return None if isinstance(problem["input"], dict | list | BaseModel) else problem["input"]


def _allowed(problem: Any, spec: type[BaseModel]) -> str | None:
    """Return what would do, where that is more than the sentence says."""
    said = problem.get("ctx") or {}
    if isinstance(said.get("error"), WrongAt):
        return str(said["error"].allowed)
    if problem["type"] == "extra_forbidden":
        return ", ".join(_keys_at(spec, problem["loc"][:-1]))
    if problem["type"] == "union_tag_invalid":
        return ", ".join(_tags(problem)[2])
    if problem["type"] == "missing":
        return f"a value for {problem['loc'][-1]!r}"
    return str(said["expected"]) if said.get("expected") else None


def _sentence(problem: Any, spec: type[BaseModel]) -> str:
    where = _key(problem)
    if problem["type"] == "extra_forbidden":
        allowed = _keys_at(spec, problem["loc"][:-1])
        near = get_close_matches(str(problem["loc"][-1]), allowed, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(allowed)}"
        return f"{where}: unknown key; {hint}"
    if problem["type"] == "missing":
        return f"{where}: missing"
    if problem["type"] == "union_tag_invalid":
        key, got, allowed = _tags(problem)
        near = get_close_matches(got, allowed, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(allowed)}"
        return f"{where}.{key}: there is no {key} {got!r}; {hint}"
    got = problem["input"]
    if problem["type"] == "model_type":
        return f"{where}: a block of keys belongs here: {', '.join(_keys_at(spec, problem['loc']))} (got {got!r:.80})"
    shown = f" (got {got!r:.80})" if not isinstance(got, dict | list | BaseModel) else ""
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where + ': ' if where else ''}{message}{shown}"


def _tags(problem: Any) -> tuple[str, str, list[str]]:
    """Return the key that says which kind of block it is, what it says, and what it may say."""
    said = problem["ctx"]
    allowed = [word.strip().strip("'") for word in said["expected_tags"].split(",")]
    return str(said["discriminator"]).strip("'"), str(said["tag"]), allowed


def _path(loc: tuple[int | str, ...]) -> str:
    """Render ``('clean', 0, 'columns')`` as ``clean[0].columns``; union branches, which are no keys, are left out."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier() and not part[0].isupper():
            text += f".{part}" if text else part
    return text


def _keys_at(spec: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are allowed at ``loc``, walking the specification as far as it can be followed."""
    models: list[type[BaseModel]] = [spec]
    for part in loc:
        if isinstance(part, int):
            continue
        named = [m for m in models if m.__name__ == part or _tag(m) == part]
        if named:
            models = named
            continue
        models = [
            inner for m in models if part in m.model_fields for inner in _models_in(m.model_fields[part].annotation)
        ]
    return sorted({name for m in models for name in m.model_fields})


def _tag(model: type[BaseModel]) -> str | None:
    step = model.model_fields.get("step")
    return get_args(step.annotation)[0] if step else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
