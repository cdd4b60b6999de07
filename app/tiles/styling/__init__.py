"""Features of any tileset: whose building they are, and what a style makes of them."""
