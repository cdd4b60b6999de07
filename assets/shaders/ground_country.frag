void main() { pixel = ground(fields(world.xy), 1.0, 1.0); }
