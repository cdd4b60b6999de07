// Two pairs of sines tilt the mirror; faded out far away, where they would flicker.
uniform float under, water_s;

void main() {
    vec3 ray = world - eye_m;
    float away = length(ray), near = 1.0 - smoothstep(60.0, 900.0, away);
    ray /= away;
    vec2 p = world.xy;
    float t = water_s;
    vec2 tilt = vec2(sin(0.61 * p.x + 0.33 * p.y + 0.9 * t) + 0.6 * sin(1.70 * p.x - 0.9 * p.y - 1.3 * t),
                     sin(0.52 * p.y - 0.41 * p.x + 0.8 * t) + 0.6 * sin(1.45 * p.y + 1.1 * p.x + 1.1 * t));
    vec3 n = normalize(vec3(tilt * 0.018 * near, 1.0));
    float key = lit_by_key(shadow_at), open = openness_here();
    vec3 mirror = reflect(ray, n);
    float f = 1.0 - max(dot(-ray, n), 0.0), f2 = f * f, fresnel = f2 * f2 * f;
    vec3 sky = mix(horizon_rgb, zenith_rgb, saturate(mirror.z * 1.8 + 0.15));
    float s = max(dot(mirror, sun_enu), 0.0);
    float s2 = s * s, s4 = s2 * s2, s8 = s4 * s4, s16 = s8 * s8, s64 = s16 * s16; s64 *= s64;
    float shaded = mix(0.45, 1.0, key) * mix(0.6, 1.0, open) * (1.0 - 0.85 * under);
    vec3 body = albedo * (base_light * open + key_light * mix(0.35, 1.0, key) * 0.8);
    vec3 glint = sun_rgb * (s64 * s64 * s64) * 2.2 * key * (1.0 - under);
    pixel = finished(body + sky * (0.85 * fresnel + 0.13) * shaded + glint);
}
