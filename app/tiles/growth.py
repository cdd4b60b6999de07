"""How much memory a content will take, guessed from those that came before it is decoded."""

from __future__ import annotations

PLAIN = 4.0
"""What an uncompressed content grows by: its arrays twice, normals and colours that it leaves out."""
SHARE = 8
"""No guess is above this part of the cap: one tile that is out of all proportion must not keep the others away."""


class Growth:
    """Learnt on the decoding threads, asked everywhere; a guess is never waited for.

    A small content may stand for far more than its own bytes (files that it names, instances), and says nothing of the
    others: guesses are bounded by what came and by the cap. The cap itself is kept by whoever counts what is held.
    """

    def __init__(self, cap_bytes: int) -> None:
        self.largest_bytes = 0
        """Of a tile so far."""
        self._share_bytes = cap_bytes // SHARE
        self._most = 0.0

    def learn(self, content_bytes: int, held_bytes: int) -> None:
        """A content became a tile."""
        self.largest_bytes = max(self.largest_bytes, held_bytes)
        if content_bytes > 0:
            self._most = max(self._most, held_bytes / content_bytes)

    def likely(self, content_bytes: int) -> int:
        """Memory of a tile that is not decoded yet [byte]; 0 bytes of content are an unknown number."""
        usual = min(self.largest_bytes, self._share_bytes)
        if content_bytes <= 0:
            return usual
        return int(min(content_bytes * self._most, max(usual, content_bytes * PLAIN)))
