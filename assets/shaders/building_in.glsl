flat in float flux;
flat in vec3 kind;
flat in vec2 face_size;
in vec2 face_at;
in vec3 world;
in vec3 base_light;
in vec3 key_light;
in vec3 shadow_at;
in vec4 haze;
out vec4 pixel;
#ifdef STYLED
flat in vec4 dye;               // what a style makes of the feature
vec3 dyed(vec3 albedo) { return albedo * dye.rgb; }
#else
vec3 dyed(vec3 albedo) { return albedo; }
#endif

const vec3 WALL = vec3(0.791, 0.753, 0.680), PITCHED = vec3(0.624, 0.578, 0.497), FLAT = vec3(0.687, 0.651, 0.578);
const vec3 NO_DATA = vec3(0.40, 0.40, 0.41);

// Darkens the borders of a face by 30 % over a pixel; free and antialiased, no pass.
float edge(vec2 at, vec2 size, vec2 pixel_m, float away) {
    if (size.y < 0.0) return 1.0;
    vec2 d = min(at, size - at) / max(pixel_m, vec2(1e-4));
    float k = 1.0 - saturate(min(d.x, d.y));
    return 1.0 - 0.30 * k * (1.0 - smoothstep(160.0, 1100.0, away));
}

// Share of a pixel that lies on diagonal stripes: `period` m apart, `part` of them wide; the mean where they are thin.
float stripes(float along, float period, float part) {
    float q = along / period, w = max(fwidth(q), 1e-4);
    float d = abs(fract(q) - 0.5);
    float s = saturate((d - 0.5 * (1.0 - part)) / w + 0.5);
    return mix(s, part, smoothstep(0.25, 0.55, w));
}

// Self-light of flux colours: all of it in shade, less in the sun, which would bleach them.
float self_light(vec3 key) {
    return mood.z * (1.0 - 0.75 * saturate(key.g));
}

uniform vec2 chosen;            // slots under the pointer and of the inspector; 0: none

// What the hand points at is lighter; what it chose has white borders besides.
vec3 noticed(vec3 c) {
    if (kind.z < 0.5) return c;
    bool pointed = abs(kind.z - chosen.x) < 0.5, held = abs(kind.z - chosen.y) < 0.5;
    if (!pointed && !held) return c;
    vec2 d = min(face_at, face_size - face_at) / max(fwidth(face_at), vec2(1e-4));
    float rim = face_size.y > 0.0 && held ? 1.0 - saturate(min(d.x, d.y) - 1.6) : 0.0;
    return mix(c * 1.12 + vec3(0.10 / mood.x), vec3(1.1 / mood.x), max(rim, held ? 0.16 : 0.0));
}

vec4 finished(vec3 surface) {
    vec4 c = toned(mix(noticed(surface), haze.rgb, haze.a));
#ifdef GLASS
    c.a = dye.a;
#endif
    return c;
}
