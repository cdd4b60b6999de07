"""Part of Surplus; see README.md for the map."""
