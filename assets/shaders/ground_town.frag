void main() {
    vec3 h = heights_at(world.xy);
    float over = world.z - relief_box.w;
    vec2 n = fibre;
    pixel = ground(town(h, over, n), open_ground(h, over), lit_by_key(shadow_at));
}
