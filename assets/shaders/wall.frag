const vec3 WARM = vec3(1.0, 0.80, 0.52), COOL = vec3(0.95, 0.92, 0.82);

const vec3 OFFICE = vec3(0.423, 0.497, 0.539), HALL = vec3(0.597, 0.578, 0.527);

bool is_office() { return abs(kind.x - 6.0) < 0.5; }
bool is_hall() { return kind.x > 6.5; }

// Windows of a facade: share of the pixel that is glass, 0..1; in `cell` which window it is, in `d` where in it, from
// its middle in cells, and in `half_size` how large it is.
float windows(vec2 at, vec2 size, vec2 pixel_m, out vec2 cell, out vec2 d, out vec2 half_size) {
    vec2 bay = is_office() ? vec2(1.6, 3.4) : is_hall() ? vec2(5.2, 400.0) : vec2(2.9, 3.1);
    vec2 count = max(floor(size / bay + 0.5), vec2(1.0));
    vec2 per_m = count / size, g = at * per_m;
    cell = floor(g);
    bool shop = count.y > 3.5 && cell.y < 0.5;
    half_size = is_office() ? vec2(0.45, 0.34) : is_hall() ? vec2(0.40, 0.075) : shop ? vec2(0.40, 0.34) : vec2(0.20, 0.29);
    d = g - cell - vec2(0.5, is_hall() ? 0.80 : 0.52);
    vec2 w = max(pixel_m * per_m, vec2(1e-4));
    vec2 c = clamp((half_size - abs(d)) / w + 0.5, 0.0, 1.0);
    float coarse = smoothstep(0.35, 0.9, max(w.x, w.y));
    float inside = step(at.y, size.y - 0.4) * step(0.0, at.y);
    return mix(c.x * c.y, 4.0 * half_size.x * half_size.y, coarse) * inside;
}

void main() {
    float v = kind.y - 0.5, away = length(world - eye_m);
    vec3 albedo = (is_office() ? OFFICE : is_hall() ? HALL : WALL) * (1.0 + v * vec3(0.10, 0.09, 0.08));
    albedo = dyed(albedo);
    vec2 pixel_m = fwidth(face_at);
    float known = step(0.0, face_size.y), shade = edge(face_at, face_size, pixel_m, away);
    float foot = mix(1.0, mix(0.80, 1.0, saturate(face_at.y / 2.2)), known);
    vec3 key = key_light * lit_by_key(shadow_at), light = base_light * foot + key;
    float self = self_light(key);
    vec4 c = flux_rgba(flux);
    float up = mix(0.5, saturate(face_at.y / max(face_size.y, 0.1)), known);
    float fading = mix(mix(0.02, 0.70, up * up), 0.80, smoothstep(380.0, 1300.0, away));
    float tint = c.a * mix(saturate(painted.x) * fading, 0.90, saturate(painted.x - 1.0));
    bool unknown = flux > 1.5 && painted.x > 0.5;
    vec3 surface = mix(albedo, c.rgb, tint) * light + c.rgb * tint * self;
    surface += c.rgb * c.a * saturate(painted.x) * mood.w * 0.16 * known * (1.0 - saturate(face_at.y / 5.0));   // light from the ground
    bool windowed = is_hall() ? face_size.y > 5.0 && face_size.y < 16.0 && face_size.x > 12.0
                              : face_size.y > 2.3 && face_size.x > 1.6;
    if (windowed && away < 1400.0 && !unknown) {
        vec2 cell, d, half_size;
        float glass = windows(face_at, face_size, pixel_m, cell, d, half_size);
        glass *= 1.0 - smoothstep(1000.0, 1400.0, away);
        float near = 1.0 - smoothstep(0.10, 0.28, pixel_m.y);
        if (near > 0.0 && !is_hall()) {
            // Close by, a storey has its band, a house its base, a window its sill, frame and the shadow of its reveal.
            float line = abs(fract(face_at.y / face_size.y * max(floor(face_size.y / 3.1 + 0.5), 1.0)) - 0.5) * 2.0;
            shade *= 1.0 - near * (is_office() ? 0.0 : 0.13 * smoothstep(0.92, 0.97, line));
            shade *= 1.0 - 0.16 * near * step(face_at.y, 0.6);
            float sill = step(abs(d.x), half_size.x + 0.03) * step(abs(d.y + half_size.y + 0.025), 0.025);
            surface *= 1.0 + 0.16 * near * sill * (is_office() ? 0.0 : 1.0);
            float frame = max(step(half_size.x - 0.022, abs(d.x)), max(step(half_size.y - 0.02, abs(d.y)), step(abs(d.x), 0.011)));
            glass *= 1.0 - 0.75 * near * frame;
        }
        bool office = is_office();
        vec3 pane = (office ? vec3(0.30, 0.36, 0.40) : vec3(0.20, 0.22, 0.25)) * dot(light, vec3(0.333));
        pane += (office ? 0.24 : 0.12) * mix(horizon_rgb, zenith_rgb, 0.45);
        pane *= 1.0 - 0.40 * near * smoothstep(half_size.y - 0.13, half_size.y - 0.09, d.y);
        float on_pane = tint * mix(0.45, 0.15, saturate(painted.x - 1.0));  // walls all over: windows stay windows
        vec3 window = mix(pane, c.rgb * light, on_pane) + c.rgb * on_pane * self;
        if (mood.y > 0.0) {
            float h = hash21(cell + vec2(kind.z * 1.37 + kind.y * 91.0, kind.y * 57.0 + floor(face_size.x * 3.0)));
            float warm = hash21(cell * 1.7 + kind.yz);
            window += step(h, mood.y) * mix(WARM, COOL, warm) * mix(0.35, 0.80, fract(h * 37.0));
        }
        surface = mix(surface, window, glass * mix(0.72, 0.85, mood.w));
    }
    float stripe = stripes(world.z + (world.x - world.y) * 0.5, 2.6, 0.35);
    if (unknown) surface = mix(albedo, mix(NO_DATA, NO_DATA * 0.72, stripe), 0.7) * light;
    pixel = finished(surface * shade);
}
