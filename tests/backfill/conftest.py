from tests.people import *  # noqa: F403 - the people are fixtures
