from tests.people import *  # noqa: F403 - the people are fixtures
from tests.urls.conftest import address, built, everybody  # noqa: F401 - fixtures
