"""Exchanging one stage of a chain, leaving its neighbours alone; and what a split's way adds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from ..errors import DefinitionError
from .nodes import Inner, Merge, Node, Root, Split, Stage, chains_in, names_in


def edited(
    nodes: tuple[Node, ...], stage: str, edit: Callable[[Inner], tuple[Node, ...]]
) -> tuple[Node, ...]:
    """Put other nodes in the place of the one node of a name, also inside.

    Raises:
        DefinitionError: If there is no such stage, or more than one.
    """
    names = [name for name in names_in(nodes) if name == stage]
    if len(names) != 1:
        known = ", ".join(dict.fromkeys(names_in(nodes))) or "no stages"
        told = f"there is no stage {stage!r}" if not names else f"two stages are named {stage!r}"
        raise DefinitionError(told, hint=f"it has: {known}")
    return _edited(nodes, stage, edit)


def _edited(
    nodes: Iterable[Node], stage: str, edit: Callable[[Inner], tuple[Node, ...]]
) -> tuple[Node, ...]:
    result: list[Node] = []
    for node in nodes:
        if not isinstance(node, Root) and node.name == stage:
            result.extend(edit(node))
        else:
            result.append(_with_chains(node, [_edited(c, stage, edit) for c in chains_in(node)]))
    return tuple(result)


def _with_chains(node: Node, chains: Sequence[tuple[Any, ...]]) -> Node:
    """Return the node with other chains inside, in the order of `chains_in`."""
    if isinstance(node, Split):
        then, otherwise = chains
        return replace(node, then=then, otherwise=otherwise)
    return replace(node, others=tuple(chains)) if isinstance(node, Merge) else node


def with_function(found: Inner, fn: Callable[..., Any]) -> Stage:
    """Return a stage with another function.

    Raises:
        DefinitionError: If it is no stage.
    """
    if not isinstance(found, Stage):
        raise DefinitionError(
            f"{found.name!r} is no stage with a function that could be exchanged",
            hint="build the pipeline with another one there",
        )
    return replace(found, fn=fn)


def nodes_of(other: object) -> tuple[Node, ...]:
    """Return what a pipeline to merge with is made of.

    Raises:
        DefinitionError: If it is no pipeline.
    """
    nodes: tuple[Node, ...] | None = getattr(other, "nodes", None)
    if nodes is None:
        raise DefinitionError(
            f"expected a pipeline to merge with, got {other!r}",
            hint="write for example .merge(source(more))",
        )
    return nodes


def added(begun: tuple[Node, ...], ended: tuple[Node, ...]) -> tuple[Inner, ...]:
    """Return what a way of a split adds to the chain it was given.

    Raises:
        DefinitionError: If it gave another chain.
    """
    if ended[: len(begun)] != begun:
        got = ended[0] if ended else "no pipeline"
        raise DefinitionError(
            f"expected a way of {begun[0]} to add stages to what it is given, got {got}",
            hint="write for example lambda records: records.map(repair)",
        )
    return tuple(node for node in ended[len(begun) :] if not isinstance(node, Root))
