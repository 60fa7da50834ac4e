"""How tests are shared out among workers: whole files, and with them others that want the same.

What a file builds once, for all of its tests, every worker that runs some of them would build.
(``--dist loadgroup`` cannot say so: with pytest 9.2 it shares out each test by itself, whatever it
is marked with.)
"""

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

PEOPLE = ("test_judges_face_mesh", "test_scene_body_shapes")
"""Files that want the twenty people, who take a minute to make."""


class ByFile(LoadScopeScheduling):
    def __init__(self, config, log=None):
        super().__init__(config, log)
        # By name, not by how many tests there are: what takes long comes early, as it happens, and
        # what is short fills up the end.
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid):
        file = nodeid.split("::", 1)[0]
        return "people" if PurePosixPath(file).stem in PEOPLE else file
