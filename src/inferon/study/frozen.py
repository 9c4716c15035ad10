"""The two bases of a study: a typed record that refuses unknown fields, and a mapping that cannot be changed."""

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from inferon.study.errors import nearest

Value = TypeVar("Value")

PROBLEM = "inferon_problem"


def problem(
    message: str,
    *,
    path: tuple[str | int, ...] = (),
    found: Any = None,
    allowed: Any = None,
    meant: str | None = None,
) -> PydanticCustomError:
    """A finding of our own, in the form pydantic passes on; `path` is relative to the record that raises it."""
    context = {"sentence": message, "path": path, "found": found, "allowed": allowed, "meant": meant}
    return PydanticCustomError(PROBLEM, "{sentence}", context)


class FrozenMapping(dict[str, Value]):
    """A dictionary that refuses to change; equal to a plain dictionary with the same entries."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a study cannot be changed; use inferon.study.revise to make another one")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type, tuple[dict[str, Value]]]:
        return type(self), (dict(self),)


class Record(BaseModel):
    """A part of the study: immutable, without unknown fields, written with the names of the YAML file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_fields(cls, data: Any) -> Any:
        names = cls.field_names()
        if data is None or not isinstance(data, Mapping | cls):
            raise problem("", found=data, allowed=f"fields of their own: {', '.join(names)}")
        for name in data if isinstance(data, Mapping) else ():
            if name not in names:
                raise problem(
                    "this field is unknown", path=(name,), found=name, allowed=names, meant=nearest(name, names)
                )
        return data

    @classmethod
    def field_names(cls) -> list[str]:
        """The names a study file may use here."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    def _settle(self, **defaults: Any) -> None:
        """Write down defaults that depend on other fields, once, while the record is being made."""
        for name, value in defaults.items():
            self.__dict__[name] = value
