"""What `inferon models show` knows about a model, as plain values: couplings, equations, closed forms, parameters, card."""

from __future__ import annotations

from typing import Any


def names(*, composite: bool = False) -> list[str]:
    """Names that can be shown: modules, folders of closed forms and composites, each once; or the composites alone."""
    from inferon.model import composites, modules
    from inferon.model.catalogue import closed_form_folders

    if composite:
        return list(composites())
    return list(dict.fromkeys((*modules(), *closed_form_folders(), *composites())))


def described(name: str, *, composite: bool = False) -> dict[str, Any]:
    """One model by name; a module goes before the composite of the same name unless ``composite`` is set."""
    from inferon.model import modules
    from inferon.model.catalogue import closed_form_folders

    if not composite and name in modules():
        return _module(name)
    return _closed_forms(name) if not composite and name in closed_form_folders() else _composite(name)


def latex(name: str, *, composite: bool = False) -> str:
    """The equations or formulas of one model as LaTeX."""
    return described(name, composite=composite)["latex"]


def listed() -> dict[str, Any]:
    """Modules with what they take and give, folders of closed forms with their functions, composites with a line each."""
    from inferon.model import composites, load_module, modules
    from inferon.model.catalogue import closed_form_folders
    from inferon.model.closed_forms import closed_forms

    return {
        "modules": {n: {"inputs": load_module(n).inputs, "outputs": load_module(n).outputs} for n in modules()},
        "closed_forms": {
            folder: [form.name for form in closed_forms(folder) if not form.name.startswith("_")]
            for folder in closed_form_folders()
        },
        "composites": composites(),
    }


def _module(name: str) -> dict[str, Any]:
    from inferon.model import load_module
    from inferon.model.catalogue import module_folder, module_source
    from inferon.model.latex import equations

    module, folder = load_module(name), module_folder(name).name
    parts = module.parts
    return {
        "name": name,
        "folder": folder,
        "inputs": {n: parts.units[n] for n in module.inputs},
        "outputs": {n: parts.units[n] for n in module.outputs},
        "equations": module_source(name),
        "latex": equations(parts.states, parts.assigned.items(), parts.events),
        **(_beside_equations(folder) if name == folder else {}),
        "parameters": [row_values(row) for row in module.table.values()],
        "card": _card(folder),
    }


def _closed_forms(folder: str) -> dict[str, Any]:
    from inferon.model.catalogue import parameter_table

    found = _beside_equations(folder)
    return {
        "name": folder,
        "folder": folder,
        "latex": formulas_latex(found["closed_forms"]),
        **found,
        "parameters": [row_values(row) for row in parameter_table(folder).values()],
        "card": _card(folder),
    }


def _beside_equations(folder: str) -> dict[str, Any]:
    """Closed forms with the definitions they name, and further tables."""
    from inferon.model.catalogue import further_tables
    from inferon.model.closed_forms import closed_forms, constants

    fields = ("name", "file", "arguments", "question", "steps", "latex")
    return {
        "closed_forms": [{field: getattr(form, field) for field in fields} for form in closed_forms(folder)],
        "definitions": constants(folder),
        "tables": further_tables(folder),
    }


def formulas_latex(forms: list[dict[str, Any]]) -> str:
    """Formulas of closed forms in ``align*`` environments, one a function."""
    blocks = (" \\\\\n".join(form["latex"]) for form in forms if form["latex"])
    return "\n\n".join(f"\\begin{{align*}}\n{block}\n\\end{{align*}}" for block in blocks)


def _composite(name: str) -> dict[str, Any]:
    from inferon.model import composites, load_composite
    from inferon.model.expression import text
    from inferon.model.latex import latex_text

    model = load_composite(name)
    return {
        "name": name,
        "card": composites()[name],
        "couplings": {n: model.units[n] for n in model.couplings},
        "rates": {state.name: text(state.rate) for state in model.states},
        "assigned": {n: text(e) for n, e in model.assigned.items()},
        "events": {event.name: text(event.trigger) for event in model.events},
        "latex": latex_text(model),
        "parameters": [{"name": n, **row_values(row)} for n, row in model.parameters.items()],
    }


def _card(folder: str) -> str:
    from inferon.model.catalogue import card

    return card(folder)


def row_values(parameter: Any) -> dict[str, Any]:
    """One row of a parameter table; an infinite value is a word, since JSON has none."""
    fields = ("symbol", "description", "unit", "lower", "upper", "variability", "status", "source", "note")
    finite = abs(parameter.value) != float("inf")
    return {"value": parameter.value if finite else "inf", **{field: getattr(parameter, field) for field in fields}}
