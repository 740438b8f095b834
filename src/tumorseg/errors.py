"""The one exception that users see."""


class UserError(Exception):
    """Something the user can mend: bad params, a bad archive, a missing file.

    The message is one line that names the file, the field and the way out; it is all that is shown.
    """
