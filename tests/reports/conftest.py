from tests.people import *  # noqa: F403 - the people are fixtures
from tests.previews.conftest import filmed as filmed
