from tests.people import *  # noqa: F403 - the people are fixtures
from tests.review.appealing import case, dora  # noqa: F401 - fixtures
