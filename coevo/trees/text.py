"""The text of programs: S-expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coevo.errors import DataError
from coevo.trees.grammar import Grammar
from coevo.trees.tree import FIRST, SCALAR, VECTOR, Node, Tree

MAX_DEPTH = 60  # of parentheses


def text_of(grammar: Grammar, tree: Tree) -> str:
    """The text of a tree."""
    parts: list[str] = []
    open: list[int] = []  # arguments that are missing in each open parenthesis
    for code, numbers in tree.nodes():
        rule = grammar.rules[code]
        if rule.takes:
            parts.append(f"({rule.symbol}")
            open.append(len(rule.takes))
            continue
        text = " ".join(map(repr, numbers)) if code < FIRST else rule.symbol
        parts.append(f"#({text})" if code == VECTOR else text)
        while open:
            open[-1] -= 1
            if open[-1]:
                break
            open.pop()
            parts[-1] += ")"
    return " ".join(parts)


def parse(grammar: Grammar, root: int, text: str, max_nodes: int) -> list[Node]:
    """The nodes of the program of type `root` that a text is.

    Raises:
        DataError: it is none of this grammar, or has too many nodes; with the reason.
    """
    tokens = re.findall(r"#\(|[()]|[^\s()]+", text)
    if len(tokens) > 4 * max_nodes:
        raise DataError(f"A program may have {4 * max_nodes:,} words at most, and this one has {len(tokens):,}.")
    reader = _Reader(grammar, tokens, text)
    nodes, rest = reader.read(0, 0)
    if rest != len(tokens):
        raise reader.wrong(f"{tokens[rest]!r} follows its end")
    if len(nodes) > max_nodes:
        raise reader.wrong(f"it has {len(nodes)} nodes, more than {max_nodes}")
    return reader.coerced(nodes, root)


class _Reader:
    """Reads tokens from left to right. Rules of one symbol differ in the types that they take and give."""

    def __init__(self, grammar: Grammar, tokens: Sequence[str], text: str):
        self.rules, self.tokens, self.text = grammar.rules, tokens, text
        self.named: dict[str, list[int]] = {}
        for code, rule in enumerate(grammar.rules[FIRST:], FIRST):
            self.named.setdefault(rule.symbol, []).append(code)
        self.conversions = {rule.gives: code for code, rule in enumerate(grammar.rules[FIRST : FIRST + 2], FIRST)}

    def read(self, at: int, depth: int) -> tuple[list[Node], int]:
        """The nodes of the expression that begins at a token, and where the next one begins."""
        tokens = self.tokens
        if at == len(tokens):
            raise self.wrong("it ends too early")
        if depth > MAX_DEPTH:
            raise self.wrong(f"it is nested more than {MAX_DEPTH} deep")
        if tokens[at] == "#(":
            numbers = tuple(self.number(token) for token in tokens[at + 1 : at + 4])
            if len(numbers) < 3 or tokens[at + 4 : at + 5] != [")"]:
                raise self.wrong("a vector is written #(0.1 0.2 0.3)")
            return [(VECTOR, numbers)], at + 5
        if tokens[at] != "(":
            return [self.leaf(tokens[at])], at + 1
        arguments: list[list[Node]] = []
        name, at = tokens[at + 1] if at + 1 < len(tokens) else "", at + 2
        while at < len(tokens) and tokens[at] != ")":
            argument, at = self.read(at, depth + 1)
            arguments.append(argument)
        if at == len(tokens):
            raise self.wrong("a parenthesis is not closed")
        return self.call(name, arguments), at + 1

    def leaf(self, token: str) -> Node:
        codes = [code for code in self.named.get(token, ()) if not self.rules[code].takes]
        return (codes[0], ()) if codes else (SCALAR, (self.number(token),))

    def call(self, name: str, arguments: list[list[Node]]) -> list[Node]:
        codes = [code for code in self.named.get(name, ()) if self.rules[code].takes]
        if not codes:
            raise self.wrong(f"it calls {name!r}, which is not a function of this set")
        plain, wide = self.rules[codes[0]], self.rules[codes[-1]]
        if len(arguments) != len(plain.takes):
            raise self.wrong(f"{name!r} takes {len(plain.takes)} arguments, not {len(arguments)}")
        free = [a for a, s, v in zip(arguments, plain.takes, wide.takes, strict=True) if s != v]  # of any type
        code = codes[-1] if any(self.type(argument) == VECTOR for argument in free) else codes[0]
        nodes: list[Node] = [(code, ())]
        for argument, type in zip(arguments, self.rules[code].takes, strict=True):
            nodes += self.coerced(argument, type)
        return nodes

    def type(self, nodes: list[Node]) -> int:
        return self.rules[nodes[0][0]].gives

    def coerced(self, nodes: list[Node], type: int) -> list[Node]:
        return nodes if self.type(nodes) == type else [(self.conversions[type], ()), *nodes]

    def number(self, token: str) -> float:
        try:
            number = float(token)
        except ValueError:
            raise self.wrong(f"{token!r} is neither a number nor a name of this set") from None
        if not abs(number) < 1e30:
            raise self.wrong(f"{token} is not a number that a picture can use")
        return number

    def wrong(self, why: str) -> DataError:
        return DataError(f"{self.text[:60]!r}{'…' * (len(self.text) > 60)} is not a program: {why}.")
