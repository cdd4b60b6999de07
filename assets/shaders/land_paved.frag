// Flags 1.6 m wide, on plazas 3.2 m; their joints by coverage, the mean where they are thin.
void main() {
    float period = kind < 13.5 ? 1.6 : 3.2, jointed = step(kind, 14.5);
    vec2 q = world.xy / period, w = max(fwidth(q), vec2(1e-4));
    vec2 d = 0.5 - abs(fract(q) - 0.5);
    vec2 line = clamp((0.03 - d) / w + 0.5, 0.0, 1.0);
    float joint = mix(max(line.x, line.y), 0.12, smoothstep(0.15, 0.5, max(w.x, w.y)));
    float flag = hash21(floor(q)) - 0.5;
    float n = texture(noise, world.xy / 43.0).r;
    float near = 1.0 - smoothstep(0.1, 0.4, max(w.x, w.y));
    vec3 c = albedo * (1.0 - jointed * (0.16 * joint - 0.05 * flag * near)) * (0.96 + 0.08 * n);
    pixel = lit(c, openness_here(), lit_by_key(shadow_at));
}
