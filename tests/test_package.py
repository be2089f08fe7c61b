"""What is installed is what stands in the tree."""

from importlib.metadata import version

import noria


def test_the_installed_version_is_the_version_of_the_source():
    assert version("noria") == noria.__version__
