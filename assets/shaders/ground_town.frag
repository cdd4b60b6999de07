void main() {
    vec2 here = open_ground(world.xy);
    pixel = ground(town(here.g, fibre), here.r, lit_by_key(shadow_at));
}
