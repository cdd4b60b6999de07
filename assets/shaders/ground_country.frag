void main() { pixel = ground(fields(world.xy, away), 1.0, 1.0); }
