void main() {
    vec2 n = texture(noise, world.xy / 31.0).rg;
    pixel = lit(albedo * (0.94 + 0.12 * n.x), openness_here(), lit_by_key(shadow_at));
}
