void main() {
    vec2 here = open_ground(world.xy);
    float out_of_town = smoothstep(0.82, 1.22, length(world.xy - town_disc.xy) / town_disc.z + 0.25 * (fibre.y - 0.5));
    vec3 albedo = mix(town(here.g, fibre), fields(world.xy, away), out_of_town);
    pixel = ground(albedo, here.r, lit_by_key(shadow_at));
}
