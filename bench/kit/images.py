# SPDX-License-Identifier: LGPL-2.1-or-later
"""A full folder of images, and what the verbs that look at all of them take."""
import os
import shutil

from kit import contestants as who
from kit import place, runs

COUNT = 1000
FOLDER = "/var/lib/machines"
VERBS = ("list-images", "du")


def rows(bench):
    """Clones of one tree, as a host has them that makes machines."""
    ours = next(c for c in bench.contestants if c.name == "redd")
    if ours.absent:
        raise place.Unable(ours.absent)
    program = who.ours()[0]
    os.makedirs(FOLDER, exist_ok=True)
    place.run("mount", "-t", "tmpfs", "-o", "mode=700", "images", FOLDER)
    try:
        shutil.copytree(bench.place.tree, f"{FOLDER}/image-0", symlinks=True)
        for number in range(1, COUNT):
            place.run(program, "clone", "image-0", f"image-{number}")
        found = [runs.Row(verb, lambda verb=verb: runs.start(bench.place, ours, [program, verb])) for verb in VERBS]
        runs.interleave(found, bench.rounds_or(20, 5), bench.progress)
    finally:
        place.run("umount", "-l", FOLDER)
    return found
