// Plain ground: paving where houses stand close, gardens between, fields beyond, haze at the end.
// Three programs share this: the town, the seam, the country. Software GL pays every branch, so there are none.
in vec3 world;
in vec3 shadow_at;
in vec4 haze;
in float away;
uniform sampler2D noise;
uniform vec4 town_disc;         // centre x, y, radius, spare
out vec4 pixel;

const vec3 GRASS = vec3(0.429, 0.479, 0.332), GARDEN = vec3(0.503, 0.527, 0.392), PAVEMENT = vec3(0.585, 0.552, 0.495);
const vec3 BARE = vec3(0.545, 0.512, 0.440);
const vec3 FIELD = vec3(0.584, 0.578, 0.462);

vec3 fields(vec2 p) {
    vec2 q = p + vec2(46.0 * sin(p.y / 310.0), 38.0 * sin(p.x / 270.0 + 1.0));
    vec2 g = q / vec2(290.0, 230.0);
    g.x += 0.5 * mod(floor(g.y), 2.0);
    float seed = hash21(floor(g) + 7.0);
    vec3 c = FIELD * mix(vec3(0.88, 0.93, 0.86), vec3(1.06, 1.02, 0.95), seed);
    c = mix(c, GRASS * 1.05, step(0.68, fract(seed * 7.3)) * 0.75);
    float turn = seed * 6.28318;
    float row = dot(p, vec2(cos(turn), sin(turn)));
    c *= 1.0 - 0.05 * (0.5 + 0.5 * sin(row * 0.9)) * (1.0 - smoothstep(200.0, 900.0, away));
    vec2 border = min(fract(g), 1.0 - fract(g)) * vec2(290.0, 230.0);
    float hedge = 1.0 - smoothstep(1.5, 4.5 + away * 0.004, min(border.x, border.y));
    return mix(c, GRASS * 0.72, 0.36 * hedge * step(0.35, fract(seed * 3.1)));
}

// Openness of flat ground from the blurred heights `h` around it (common.glsl, without a second look-up).
float open_ground(vec3 h, float over) {
    vec3 o = clamp((h - over) * vec3(0.16, 0.11, 0.09), 0.0, 1.0);
    float k = dot(o, vec3(0.55, 0.45, 0.38));
    return 1.0 / (1.0 + k + 0.6 * k * k);
}

vec3 town(vec3 h, float over, vec2 n) {
    float dense = smoothstep(0.5, 3.0, h.b - over + 1.6 * (n.x - 0.5));
    vec3 lawn = mix(BARE, mix(GRASS, GARDEN, n.y), 0.62) * (0.94 + 0.12 * n.x);
    return mix(lawn, PAVEMENT * (0.97 + 0.06 * n.x), dense);
}

vec4 ground(vec3 albedo, float open, float key) {
    vec3 light = up_rgb * open + sun_rgb * max(key_enu.z, 0.0) * key;
    return toned(mix(albedo * light, haze.rgb, haze.a));
}
