"""Masking of personal data: what is left tells records apart at a glance, and nobody's identity.

Every function takes whatever stands in a column: missing values come back as they are, numbers are
masked as the text they are written as, and what cannot be read as expected is masked as a whole.
The number of `*` is always the same, so that it tells nothing of the length.

What stays visible, at most:

- `mask_email`: the domain, and before the `@` the first two of five or more characters, the first
  one of three or four;
- `mask_phone`: of eleven digits or more the first three and the last four, of seven or more the
  last two;
- `mask_name`: the first of two characters or more;
- `mask_id_number`: of fifteen characters or more the first three and the last two, of eight or more
  the last two;
- `hash_id`: nothing; it is a keyed digest, the same for the same id.
"""

from noria.core.redaction import register_secret
from noria.privacy.ids import hash_id
from noria.privacy.masker import Masker
from noria.privacy.masks import mask_email, mask_id_number, mask_name, mask_phone

__all__ = [
    "Masker",
    "hash_id",
    "mask_email",
    "mask_id_number",
    "mask_name",
    "mask_phone",
    "register_secret",
]
