// Light, haze, sky and tone shared by every program. All colours are linear until `toned`.

uniform vec3 sun_rgb, up_rgb, down_rgb, zenith_rgb, horizon_rgb, glow_rgb;
uniform vec3 key_enu;      // to the light that casts shadows
uniform vec3 sun_enu;      // to the true sun
uniform vec2 glow_xy;      // horizontal direction to the sun
uniform vec4 mood;         // exposure, share of lit windows, self-light of flux, night 0..1
uniform vec3 eye_m;
uniform float haze_m;
uniform vec4 relief_box;   // west, south, size, ground height of the occlusion map
uniform sampler2D relief;   // heights above that, 1 = 512 m
uniform sampler2DShadow shadow_map;
uniform mat4 shadow_from_world;
uniform float shadow_texel;
uniform int shadow_more;      // taps beyond the first

float saturate(float x) { return clamp(x, 0.0, 1.0); }

float hash21(vec2 p) {
    vec3 q = fract(vec3(p.xyx) * 0.1031);
    q += dot(q, q.yzx + 33.33);
    return fract((q.x + q.y) * q.z);
}

vec3 haze_rgb(vec3 ray) {
    float g = dot(normalize(ray.xy + vec2(1e-5)), glow_xy) * 0.5 + 0.5;
    return mix(horizon_rgb, zenith_rgb, 0.06) + 0.9 * glow_rgb * g * g * g;
}

// Haze lies low: looking down from a height passes through little of it.
float haze_amount(vec3 ray_m) {
    float q = (dot(ray_m.xy, ray_m.xy) + 0.1 * ray_m.z * ray_m.z) / (haze_m * haze_m);
    return q / (q + 1.0);
}

vec3 ambient(vec3 n) {
    vec3 c = mix(down_rgb, up_rgb, n.z * 0.5 + 0.5);
    return c * (1.0 + 0.12 * max(dot(n.xy, glow_xy), 0.0));
}

// What rough ground takes of the sun: a low sun would leave flat ground grey, grass and kerbs catch more of it.
float caught(float z) { return 0.78 * z + 0.20 * min(8.0 * z, 1.0); }

// Ground of the view under the streets: nearly without colour, so that lines are all there is.
vec3 dimmed(vec3 albedo, float amount) {
    return mix(albedo, dot(albedo, vec3(0.2126, 0.7152, 0.0722)) * vec3(0.30, 0.33, 0.38), 0.88 * amount);
}

// Blurred heights around a place, metres above `relief_box.w`.
vec3 heights_at(vec2 p) { return texture(relief, (p - relief_box.xy) / relief_box.z).rgb * 512.0; }

// Openness of a point from the blurred heights around it: 1 = free, towards 0 in alleys and at wall feet.
float openness(vec3 p, vec3 n) {
    vec3 q = p + vec3(n.xy, 0.0) * 2.2;
    vec3 h = heights_at(q.xy);
    vec3 o = clamp((h - (p.z - relief_box.w)) * vec3(0.16, 0.11, 0.09), 0.0, 1.0);
    float k = dot(o, vec3(0.55, 0.45, 0.38));
    return 1.0 / (1.0 + k + 0.6 * k * k);
}

vec4 shadow_place(vec3 p, vec3 n) {
    return shadow_from_world * vec4(p + n * 0.45, 1.0);
}

// Beyond the map its border says: nothing in the way.
float lit_by_key(vec3 s) {
    vec3 t = vec3(0.575, 0.345, 0.0) * (shadow_texel * float(min(shadow_more, 1)));   // a single tap: in the middle
    float lit = texture(shadow_map, s + t);
    for (int k = 0; k < shadow_more; k++) {
        t.xy = vec2(-t.y, t.x) * 1.12;
        lit += texture(shadow_map, s + t);
    }
    return lit / float(shadow_more + 1);
}
