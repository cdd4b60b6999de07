const vec3 WARM = vec3(1.0, 0.80, 0.52), COOL = vec3(0.95, 0.92, 0.82);

// Windows of a facade: share of the pixel that is glass, 0..1, and in `cell` which window it is.
float windows(vec2 at, vec2 size, vec2 pixel_m, out vec2 cell) {
    vec2 count = max(floor(size / vec2(2.9, 3.1) + 0.5), vec2(1.0));
    vec2 per_m = count / size, g = at * per_m;
    cell = floor(g);
    bool shop = count.y > 3.5 && cell.y < 0.5;
    vec2 half_size = shop ? vec2(0.40, 0.34) : vec2(0.20, 0.29);
    vec2 d = abs(g - cell - vec2(0.5, 0.52)), w = max(pixel_m * per_m, vec2(1e-4));
    vec2 c = clamp((half_size - d) / w + 0.5, 0.0, 1.0);
    float coarse = smoothstep(0.35, 0.9, max(w.x, w.y));
    float inside = step(at.y, size.y - 0.4) * step(0.0, at.y);
    return mix(c.x * c.y, 4.0 * half_size.x * half_size.y, coarse) * inside;
}

void main() {
    float v = kind.y - 0.5, away = length(world - eye_m);
    vec3 albedo = WALL * (1.0 + v * vec3(0.10, 0.09, 0.08));
    vec2 pixel_m = fwidth(face_at);
    float known = step(0.0, face_size.y), shade = edge(face_at, face_size, pixel_m, away);
    float foot = mix(1.0, mix(0.80, 1.0, saturate(face_at.y / 2.2)), known);
    vec3 key = key_light * lit_by_key(shadow_at), light = base_light * foot + key;
    float self = self_light(key);
    vec4 c = flux_rgba(flux);
    float up = mix(0.5, saturate(face_at.y / max(face_size.y, 0.1)), known);
    float tint = c.a * mix(mix(0.02, 0.70, up * up), 0.80, smoothstep(380.0, 1300.0, away));
    vec3 surface = mix(albedo, c.rgb, tint) * light + c.rgb * tint * self;
    surface += c.rgb * c.a * mood.w * 0.16 * known * (1.0 - saturate(face_at.y / 5.0));   // light from the ground
    if (face_size.y > 2.3 && face_size.x > 1.6 && away < 1400.0 && flux < 1.5) {
        vec2 cell;
        float glass = windows(face_at, face_size, pixel_m, cell) * (1.0 - smoothstep(1000.0, 1400.0, away));
        float line = abs(fract(face_at.y / face_size.y * max(floor(face_size.y / 3.1 + 0.5), 1.0)) - 0.5) * 2.0;
        shade *= 1.0 - 0.09 * smoothstep(0.93, 0.99, line) * (1.0 - smoothstep(80.0, 300.0, away));
        vec3 pane = vec3(0.23, 0.25, 0.28) * dot(light, vec3(0.333)) + 0.12 * mix(horizon_rgb, zenith_rgb, 0.45);
        vec3 window = mix(pane, c.rgb * light, tint * 0.45) + c.rgb * tint * 0.45 * self;
        if (mood.y > 0.0) {
            float h = hash21(cell + vec2(kind.z * 1.37 + kind.y * 91.0, kind.y * 57.0 + floor(face_size.x * 3.0)));
            float warm = hash21(cell * 1.7 + kind.yz);
            window += step(h, mood.y) * mix(WARM, COOL, warm) * mix(0.35, 0.80, fract(h * 37.0));
        }
        surface = mix(surface, window, glass * mix(0.62, 0.85, mood.w));
    }
    float stripe = stripes(world.z + (world.x - world.y) * 0.5, 2.6, 0.35);
    if (flux > 1.5) surface = mix(albedo, mix(NO_DATA, NO_DATA * 0.72, stripe), 0.7) * light;
    pixel = finished(surface * shade);
}
