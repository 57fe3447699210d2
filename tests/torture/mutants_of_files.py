"""Mutants of files: half a file is seen, a part is lost or out of order, or is not what it says."""

from __future__ import annotations

from typing import Final

from tests.torture.mutant import Mutant, Patch

_PUBLICATION: Final = "connectors/file_publication.py"
_TARGET: Final = "connectors/files_target.py"
_ROOMS: Final = ("execution/test_files_target.py", "operations/test_files_written.py")
_FENCE: Final = """\
            if not session.query(hold, run_key=ownership.run_key, epoch=ownership.epoch):
                raise fenced_off(ownership)
"""

MUTANTS: Final = (
    Mutant(
        "files-out-of-order",
        "Parts are joined in the order in which they were committed.",
        _ROOMS,
        (
            Patch(
                _PUBLICATION,
                "[*sorted(of_ranges, key=lambda part: place[part.range_after]), *of_replays]",
                "[*of_ranges[::-1], *of_replays]",
            ),
        ),
    ),
    Mutant(
        "files-published-unfenced",
        "An owner that was taken over still makes its file known.",
        _ROOMS,
        (Patch("databases/parts.py", _FENCE, ""),),
    ),
    Mutant(
        "files-seen-half",
        "The file is joined in its place, where readers see it grow.",
        _ROOMS,
        (
            Patch(
                _PUBLICATION,
                "            partial = folder / _temporary_name(place.name, ownership, self._of)\n",
                "            partial = place\n",
            ),
        ),
    ),
    Mutant(
        "files-half-ones-left",
        "What an older epoch left under a temporary name stays, and can still be renamed.",
        _ROOMS,
        (
            Patch(
                _PUBLICATION,
                "            _remove_left(folder, place.name, ownership, self._of)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "files-parts-believed",
        "Parts are joined without a look at what is in them.",
        _ROOMS,
        (
            Patch(
                _PUBLICATION,
                "            self._refuse_incomplete(ownership, parts)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "files-parts-removed-too-early",
        "Parts are removed although a replay may have to write the file anew.",
        _ROOMS,
        (
            Patch(
                _PUBLICATION,
                "is_kept = self._register.set_aside(run_key, self._of) > 0",
                "is_kept = False",
            ),
        ),
    ),
    Mutant(
        "files-published-once-only",
        "A file that was published counts as published whatever its parts are by now.",
        _ROOMS,
        (
            Patch(
                _PUBLICATION,
                "known.status != PUBLISHED or known.parts_digest != listed:",
                "known.status != PUBLISHED:",
            ),
        ),
    ),
    Mutant(
        "files-part-without-marker-kept",
        "A part whose marker was refused stays in its folder.",
        _ROOMS,
        (Patch(_TARGET, "            remove(self._unmarked)\n", ""),),
    ),
    Mutant(
        "files-quarantine-forgotten",
        "Records that were set aside are counted, and not written.",
        _ROOMS,
        (
            Patch(
                _TARGET,
                "        self._aside.append((of, part, records))\n",
                "",
            ),
        ),
    ),
    Mutant(
        "files-rehearsed-for-real",
        "A rehearsal leaves its file.",
        _ROOMS,
        (
            Patch(
                "operations/bodies.py",
                "is_published=is_ours or not self._is_rehearsal,",
                "is_published=True,",
            ),
        ),
    ),
    Mutant(
        "files-not-read-back",
        "What is written counts without being read.",
        ("connectors/test_file_writing.py",),
        (
            Patch(
                "connectors/file_writing.py",
                "        stream = BytesIO(written)\n",
                "        return\n        stream = BytesIO(written)\n",
            ),
        ),
    ),
)
