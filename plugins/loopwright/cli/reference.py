"""The declarations for programs (JSON Schema) and for people (a page of every key), both made from the fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from loopwright.declaration import DatasetSpec, ModelSpec
from loopwright.declaration.fields import Declared, Persistence

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

SPECS: dict[str, type[Declared]] = {"dataset": DatasetSpec, "model": ModelSpec}
_ATOMS = (Persistence,)
"""Blocks that are written as one word, not as a mapping."""


def schema(kind: str) -> dict[str, Any]:
    """Return a declaration's JSON Schema.

    :param kind: ``dataset`` or ``model``.
    """
    made = SPECS[kind].model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": f"{kind}.yaml"}


def schema_text(kind: str) -> str:
    """Return a JSON Schema as the text that is published."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """Return the page that explains every key."""
    parts = [_HEAD]
    for kind, spec in SPECS.items():
        folder = f"include/{kind}s/<name>/{kind}.yaml"
        parts += [f"## `{kind}.yaml`", f"In `{folder}`. {_doc(spec)}", *_blocks(spec)]
    return "\n\n".join([*parts, _TAIL]) + "\n"


_HEAD = """\
# Every key of the declarations

Made from the fields' own descriptions by `loopwright schema --write docs`; a test holds it to them. The JSON Schemas
are in [`schemas/`](schemas/). A key that is not listed is refused, with the nearest one that is. **Bold** keys are
required."""
_TAIL = """\
## Words in the tables
*duration*: a number and a unit, `90s`, `10m`, `2h`, `30d`, `1w`. *proportion*: `0.3` or `30%`. *k of n*: `2 of 3`.
*name*: lower-case letters, digits and underscores. *module:function*: a function in the folder's own Python files."""


def _blocks(spec: type[BaseModel], heading: str = "") -> Iterator[str]:
    yield _table(spec)
    for name, field in spec.model_fields.items():
        blocks = list(_models(field.annotation))
        for block in blocks:
            said = f"{heading}{name}" + (f" · {_told_apart(block)}" if len(blocks) > 1 else "")
            yield f"### `{said}`\n\n{_doc(block)}"
            yield from _blocks(block, f"{heading}{name}.")


def _told_apart(block: type[BaseModel]) -> str:
    tag = block.model_fields.get("step")
    return str(get_args(tag.annotation)[0]) if tag else block.__name__.lower()


def _table(spec: type[BaseModel]) -> str:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for name, field in spec.model_fields.items():
        shown = f"**`{name}`**" if field.is_required() else f"`{name}`"
        meaning = (field.description or ("Names the step." if name == "step" else "")).replace("<", "&lt;")
        rows.append(f"| {shown} | {_value(field)} | {_default(field)} | {meaning} |")
    return "\n".join(rows)


def _value(field: FieldInfo) -> str:
    annotation = field.annotation
    for constraint in field.metadata:
        annotation = Annotated[annotation, constraint]  # type: ignore[assignment]
    kinds = " or ".join(dict.fromkeys(_kinds(annotation))).replace("|", "\\|")
    bounds = [f"{word} {bound:g}" for key, word in _BOUNDS.items() for bound in _constraints(field, key)]
    return f"{kinds} ({', '.join(bounds)})" if bounds else kinds


_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


def _constraints(field: FieldInfo, key: str) -> list[float]:
    return [value for one in field.metadata if (value := getattr(one, key, None)) is not None]


def _kinds(annotation: Any) -> Iterator[str]:
    """Yield the words for what a value may be, in the reader's language rather than Python's."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _named(annotation)
    elif origin in (Union, UnionType):
        for part in arguments:
            yield from _kinds(part)
    elif origin is Literal:
        yield from (f"`{value}`" for value in arguments)
    elif origin is list:
        yield f"list of {_plural(arguments[0])}"
    elif origin is dict:
        yield f"mapping to {_plural(arguments[1])}"
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from (f"`{member.value}`" for member in annotation)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "a block"
    else:
        yield _WORDS.get(annotation, str(annotation))


def _plural(annotation: Any) -> str:
    return " or ".join("blocks" if kind == "a block" else kind for kind in dict.fromkeys(_kinds(annotation)))


_WORDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    NoneType: "null",
}


def _named(annotation: Any) -> Iterator[str]:
    validators = [getattr(extra, "func", None) for extra in annotation.__metadata__]
    names = {getattr(function, "__name__", "") for function in validators}
    for function, word in _VALIDATED.items():
        if function in names:
            yield word
            return
    yield from _kinds(annotation.__origin__)


_VALIDATED = {
    "_name": "name",
    "_entrypoint": "module:function",
    "_cron": "cron expression",
    "parse_duration": "duration",
    "_proportion": "proportion",
    "_persistence": "k of n",
}


def _default(field: FieldInfo) -> str:
    if field.is_required() or field.default is PydanticUndefined:
        return ""
    shown = _shown_default(field)
    return "its own defaults" if shown == "{}" and isinstance(field.default, BaseModel) else f"`{shown}`"


def _shown_default(field: FieldInfo) -> str:
    from pydantic import TypeAdapter

    default = field.default
    if isinstance(default, BaseModel) and not isinstance(default, _ATOMS):
        return json.dumps(default.model_dump(mode="json", exclude_defaults=True))
    annotated: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    plain = TypeAdapter(annotated).dump_python(default, mode="json")
    return "null" if plain is None else plain if isinstance(plain, str) and plain else json.dumps(plain)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation not in _ATOMS:
            yield annotation
        return
    for part in get_args(annotation):
        yield from _models(part)


def _doc(spec: type[BaseModel]) -> str:
    return (spec.__doc__ or "").split("\n\n")[0].replace("\n", " ").replace("``", "`").strip()
