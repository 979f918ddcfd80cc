"""What the settings files share: the environment, the site's folder and its address."""

from __future__ import annotations

from pathlib import Path

from config.environment import Environment

ROOT = Path(__file__).resolve().parents[2]
env = Environment()

HOME = Path(env.str("TOUCHSTONE_HOME", str(ROOT / ".touchstone")))
DEBUG = env.bool("DEBUG", False)
public_url = env.str("PUBLIC_URL", "http://localhost:8000")
is_https = public_url.startswith("https://")
