void main() {
    vec3 h = texture(relief, (world.xy - relief_box.xy) / relief_box.z).rgb * 64.0;
    float over = world.z - relief_box.w;
    vec2 n = fibre;
    pixel = ground(town(h, over, n), open_ground(h, over), lit_by_key(shadow_at));
}
