void main() {
    vec2 n = texture(noise, world.xy / 90.0).rg, m = texture(noise, world.yx / 17.0).gb;
    vec3 c = albedo * (0.80 + 0.26 * n.x + 0.14 * m.x);
    c *= 1.0 + (n.y - 0.5) * vec3(0.14, 0.02, -0.10);       // drier here, greener there
    pixel = lit(c, openness_here(), lit_by_key(shadow_at));
}
