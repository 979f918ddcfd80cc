"""The product's settings, with an analyser that does what its file says."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "tests.faults.plant.PlantConfig"]
ML_ANALYSE = "tests.faults.analyser.analyse"
