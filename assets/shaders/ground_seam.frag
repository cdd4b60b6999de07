void main() {
    vec3 h = heights_at(world.xy);
    float over = world.z - relief_box.w;
    vec2 n = fibre;
    float out_of_town = smoothstep(0.82, 1.22, length(world.xy - town_disc.xy) / town_disc.z + 0.25 * (n.y - 0.5));
    vec3 albedo = mix(town(h, over, n), fields(world.xy, away), out_of_town);
    pixel = ground(albedo, open_ground(h, over), lit_by_key(shadow_at));
}
