"""Random districts for tests; see tools/random_district.py."""

from tools.random_district import FACTORS, random_district, random_weather

__all__ = ["FACTORS", "random_district", "random_weather"]
