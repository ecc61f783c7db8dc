"""A person as a critic, asked in the terminal or in plain text, and a simulated person."""

from coevo.plugin.hookspecs import Offer, hookimpl


@hookimpl
def coevo_critics() -> list[Offer]:
    return [
        Offer("human", "a person, who picks the parents of the next sheet (Dawkins 1986)", "coevo_human.human:Human"),
        Offer("taste", "a simulated person who picks by a stated taste", "coevo_human.taste:Taste"),
    ]


@hookimpl
def coevo_commands() -> list[Offer]:
    return [
        Offer("start", "choose a recipe by its picture", "coevo_human.commands:start"),
        Offer("paint", "paint label maps that a trained artist makes pictures of", "coevo_human.commands:paint"),
    ]


@hookimpl
def coevo_uis() -> list[Offer]:
    return [
        Offer("terminal", "pictures in the terminal, keys and mouse", "coevo_human.terminal:Terminal"),
        Offer("plain", "numbered sheets and typed lines, for pipes and screen readers", "coevo_human.plain:Plain"),
    ]
