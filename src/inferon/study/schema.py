"""The JSON Schema of a study file, for editors and for other programs."""

from typing import Any

from inferon.study.specification import Study


def study_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the study file: names, types, units and defaults.

    Rules between fields (dates in order, arms that exist) are checked when a study is read, not here.
    """
    schema = Study.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
