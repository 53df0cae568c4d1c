"""Imports point downward: a module imports from its own folder and from those below it, never upward."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import sfumato

ROOT = Path(sfumato.__file__).parent
LAYERS = (
    "__main__",
    "cli",
    "studio",
    "lab",
    "api",
    "running",
    "notebook",
    "render",
    "runs",
    "training",
    "models",
    "images",
    "recipe",
    "interrupt",
    "log",
    "memory",
    "parallel",
    "process_state",
    "rng",
    "trust",
    "tables",
    "conditions",
    "arrow_values",
    "formatting",
    "cores",
    "errors",
    "__init__",
)
"""From top to bottom. The package's own __init__ is at the bottom: it holds the version and loads names lazily."""


def imports_of(file: Path) -> set[str]:
    """Return the dotted names of this package that a file imports, except for type checking alone."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names if alias.name.split(".")[0] == "sfumato")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sfumato":
            assert node.level == 0
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
    return names


def layer_of(dotted: str) -> str:
    parts = dotted.split(".")
    name = parts[1] if len(parts) > 1 else "__init__"
    return name if name in LAYERS else "__init__"


def wrong_imports(files: dict[str, set[str]]) -> list[str]:
    """Return every import that points up.

    files: the imports of each module, as ``{"sfumato.a.b": {"sfumato.c.d"}}``.
    """
    return [
        f"{module} imports {imported}"
        for module, all_imported in files.items()
        for imported in sorted(all_imported)
        if LAYERS.index(layer_of(imported)) < LAYERS.index(layer_of(module))
    ]


@functools.cache
def modules() -> dict[str, set[str]]:
    return {
        ".".join(["sfumato", *file.relative_to(ROOT).with_suffix("").parts]): imports_of(file)
        for file in ROOT.rglob("*.py")
    }


def test_imports_point_down() -> None:
    assert wrong_imports(modules()) == []


def test_an_import_that_points_up_is_found() -> None:
    assert wrong_imports({"sfumato.recipe.model": {"sfumato.training.trainer"}})
    assert wrong_imports({"sfumato.training.trainer": {"sfumato.cli.main.run"}})
    assert not wrong_imports({"sfumato.training.trainer": {"sfumato.recipe.Recipe"}})


def test_every_module_has_a_layer() -> None:
    for module in modules():
        parts = module.split(".")
        assert parts[1] in LAYERS, module


def cycle(graph: dict[str, set[str]]) -> list[str] | None:
    """Return the modules of an import cycle, or None if there is none."""
    state: dict[str, int] = {}

    def visit(node: str, path: list[str]) -> list[str] | None:
        state[node] = 1
        for target in sorted(graph.get(node, ())):
            if state.get(target) == 1:
                return [*path, node, target]
            if target not in state and (found := visit(target, [*path, node])):
                return found
        state[node] = 2
        return None

    for node in sorted(graph):
        if node not in state and (found := visit(node, [])):
            return found
    return None


def test_no_import_cycle() -> None:
    names = modules()
    graph: dict[str, set[str]] = {}
    for module, all_imported in names.items():
        targets: set[str] = set()
        for imported in all_imported:
            # `from a.b import c` reaches the module a.b.c if there is one, otherwise a.b or its __init__.
            parent = imported.rpartition(".")[0]
            for candidate in (imported, f"{imported}.__init__", parent, f"{parent}.__init__"):
                if candidate in names:
                    targets.add(candidate)
                    break
        # A package's __init__ imports its modules, which import each other, but not the package.
        graph[module] = targets - {module}
    assert cycle(graph) is None
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) is not None
