flat in vec4 colour;
flat in vec4 state;
flat in vec4 material;
in vec3 gauge;
in vec3 world;
in vec3 base_light;
in vec3 key_light;
in vec3 shadow_at;
in vec4 haze;
uniform float presence;         // 1 stands, less: only proposed
out vec4 pixel;

const vec3 CHARGE = vec3(0.62, 0.80, 0.66);

void main() {
    vec3 albedo = material.rgb;
    vec3 key = key_light * lit_by_key(shadow_at), light = base_light + key;
    float tint = material.a * colour.a, glow = 0.0;
    if (gauge.y >= 0.0) {       // modules of 1.0 x 1.65 m; their mean where they are thin
        vec2 at = gauge.yz / vec2(1.0, 1.65), w = max(fwidth(at), vec2(1e-4));
        vec2 line = clamp((0.04 - (0.5 - abs(fract(at) - 0.5))) / w + 0.5, 0.0, 1.0);
        albedo = mix(albedo, vec3(0.33, 0.36, 0.40), mix(max(line.x, line.y), 0.12, smoothstep(0.3, 0.8, max(w.x, w.y))));
        light += mix(horizon_rgb, zenith_rgb, 0.6) * 0.3;
    } else if (gauge.x >= 0.0) {    // the charge, ten fields
        float full = step(gauge.x, state.y) * step(0.12, fract(gauge.x * 10.0));
        albedo = mix(albedo, CHARGE, full);
        glow = full * (0.15 + 0.5 * mood.w);
    }
    if (state.x < 0.0) {        // what takes is hatched
        float q = (world.x + world.y + world.z) * 0.70710678 / 1.3, w = max(fwidth(q), 1e-4);
        float s = saturate((abs(fract(q) - 0.5) - 0.35) / w + 0.5);
        tint *= mix(1.0, 0.38, mix(s, 0.3, smoothstep(0.25, 0.55, w)));
    }
    float own = mood.z * (1.0 - 0.75 * saturate(key.g));
    vec3 surface = mix(albedo, colour.rgb, tint) * light + colour.rgb * tint * own + albedo * glow;
    pixel = toned(mix(surface, haze.rgb, haze.a));
    pixel.a = presence;
}
