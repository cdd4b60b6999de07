uniform float under;

void main() {
    float away = length(world - eye_m);
    vec3 c = kind < 16.5 ? dimmed(fields(world.xy, away), under) : albedo * (0.97 + 0.06 * texture(noise, world.xy / 43.0).r);
    pixel = lit(c, openness_here(), lit_by_key(shadow_at));
}
