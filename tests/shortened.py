"""Commands of the documents, with flags that make them short in place of their own: a flag is given once."""

from __future__ import annotations

from collections.abc import Sequence


def shortened(arguments: Sequence[str], short: Sequence[str]) -> list[str]:
    """The arguments without the flags of ``short`` (flag, value, flag, value, ...), and then ``short``.

    An exact size takes no longest side beside it.
    """
    pairs = list(zip(short[::2], short[1::2], strict=True))
    if any(argument.startswith("--picture.size") for argument in arguments):
        pairs = [pair for pair in pairs if pair[0] != "--picture.max-side"]
    flags = [flag for flag, _ in pairs]
    kept: list[str] = []
    following = iter(arguments)
    for argument in following:
        flag, separator, _ = argument.partition("=")
        if flag not in flags:
            kept.append(argument)
        elif not separator:
            next(following)
    return [*kept, *(part for pair in pairs for part in pair)]
