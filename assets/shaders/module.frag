flat in float flux;
in vec2 at;
in vec3 world;
in vec3 normal;
in vec3 base_light;
in vec3 key_light;
in vec3 shadow_at;
in vec4 haze;
out vec4 pixel;

const vec3 CELL = vec3(0.019, 0.031, 0.054), FRAME = vec3(0.33, 0.36, 0.40);

void main() {
    vec3 n = normalize(normal), ray = normalize(world - eye_m);
    float away = length(world - eye_m), lit = lit_by_key(shadow_at);
    vec2 w = max(fwidth(at), vec2(1e-4)), metres = vec2(1.0, 1.65);
    // Frames of 5 cm around every module, by their coverage; a mean where they are thin.
    vec2 d = (0.5 - abs(fract(at) - 0.5)) * metres;
    vec2 line = clamp((vec2(0.05) - d) / (w * metres) + 0.5, 0.0, 1.0);
    float frame = mix(max(line.x, line.y), 0.12, smoothstep(0.25, 0.7, max(w.x, w.y * 0.6)));
    vec3 light = base_light + key_light * lit;
    vec4 c = flux_rgba(flux > 1.5 ? 0.0 : flux);
    // Near, modules are dark glass; far, where they are a speck, the colour of the building comes first.
    float tint = c.a * painted.y * mix(0.10 * (1.0 - mood.w), 0.85, smoothstep(350.0, 1100.0, away));
    vec3 surface = mix(mix(CELL, FRAME, frame), c.rgb, tint) * light + c.rgb * tint * mood.z;
    float f = 1.0 - max(dot(-ray, n), 0.0), f2 = f * f;
    vec3 mirror = reflect(ray, n);
    vec3 sky = mix(horizon_rgb, zenith_rgb, saturate(mirror.z * 1.4));
    float s = max(dot(mirror, sun_enu), 0.0);
    float s2 = s * s, s4 = s2 * s2, s16 = s4 * s4; s16 *= s16;
    float s64 = s16 * s16; s64 *= s64;
    surface += (sky * (0.06 + 0.5 * f2 * f2) * 0.75 + sun_rgb * s64 * s16 * 0.8 * lit) * (1.0 - tint);
    pixel = toned(mix(surface, haze.rgb, haze.a));
}
