"""The one exception a user may see: what is wrong, where, and what to do about it."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input that the user can mend.

    Parameters
    ----------
    problem
        What is wrong, in one clause.
    file
        The file in which it was found.
    field
        The key, column or gene concerned.
    remedy
        What to do, in the imperative.
    """

    def __init__(
        self, problem: str, *, file: object = None, field: str | None = None, remedy: str = ""
    ) -> None:
        where = [str(file)] if file is not None else []
        if field:
            where.append(f"'{field}'")
        message = ": ".join([*where, problem])
        # Names in a user's file and the errors of its parser may hold line breaks.
        super().__init__(" ".join((f"{message}. {remedy}" if remedy else message).splitlines()))
        self.problem, self.file, self.field, self.remedy = problem, file, field, remedy
