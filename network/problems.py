"""What goes wrong for a user's reason: one sentence that names culprit and remedy."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a programming error
    """The work cannot be done as asked; the text is one sentence for the user, naming culprit and remedy.

    The command line prints it without a traceback and exits with `code`: 1 the work failed, 2 wrong usage.
    """

    def __init__(self, sentence: str, *, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code
