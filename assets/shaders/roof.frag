void main() {
    float v = kind.y - 0.5, away = length(world - eye_m);
    vec3 albedo = kind.x < 1.5 ? PITCHED * (1.0 + v * vec3(0.16, 0.14, 0.12)) : FLAT * (1.0 + v * vec3(0.08));
    albedo = dyed(albedo);
    vec2 px = fwidth(face_at);
    float shade = edge(face_at, face_size, px, away);
    // Courses of tiles on pitched roofs, only near.
    if (kind.x < 1.5 && face_size.y > 0.0) {
        float course = abs(fract(face_at.y / 0.34) - 0.5) * 2.0;
        shade *= 1.0 - 0.10 * smoothstep(0.72, 0.95, course) * (1.0 - smoothstep(0.12, 0.3, px.y));
    }
    vec3 key = key_light * lit_by_key(shadow_at), light = base_light + key;
    float along = (world.x + world.y) * 0.70710678;
    if (flux > 1.5 && painted.y > 0.5) {
        vec3 grey = mix(NO_DATA, NO_DATA * 0.62, stripes((world.x - world.y) * 0.70710678, 2.6, 0.35));
        pixel = finished(grey * light * shade);
        return;
    }
    vec4 c = flux_rgba(flux);
    float tint = 0.92 * c.a * painted.y;
    if (flux < 0.0) tint *= mix(1.0, 0.38, hatch_takes * stripes(along, 2.2, 0.30));
    pixel = finished((mix(albedo, c.rgb, tint) * light + c.rgb * tint * self_light(key)) * shade);
}
