"""The one exception that a user is meant to read."""


class UserError(Exception):
    """Bad input, told in one line: where (file, row or key), what is wrong, what to do.

    ``entry.main`` and the command line print it without a traceback and exit with a code that is not 0.
    """

    def __init__(self, where: object, what: str, todo: str = "") -> None:
        self.where, self.what, self.todo = str(where), what, todo
        super().__init__(f"{where}: {what}" + (f"; {todo}" if todo else ""))

    def __reduce__(self) -> tuple:
        return (UserError, (self.where, self.what, self.todo))
