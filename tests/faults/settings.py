"""The product's settings with the analyser of the fault tests."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "tests.faults.plant.PlantConfig"]
ML_ANALYSE = "tests.faults.analyser.analyse"
