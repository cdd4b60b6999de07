// Plain ground: a sheet of paper, lighter where houses stand close, fields in pale tints beyond, haze at the end.
// Three programs share this: the town, the seam, the country. Software GL pays every branch, so there are none.
in vec3 world;
in vec3 shadow_at;
in vec4 haze;
in float away;
in vec2 fibre;
uniform vec4 town_disc;         // centre x, y, radius, spare
out vec4 pixel;

const vec3 GRASS = vec3(0.429, 0.479, 0.332), GARDEN = vec3(0.503, 0.527, 0.392);
const vec3 PAPER = vec3(0.578, 0.552, 0.486), NEAR = vec3(0.628, 0.600, 0.532);
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
    c = mix(c, GRASS * 0.72, 0.36 * hedge * step(0.35, fract(seed * 3.1)));
    return mix(c, PAPER, 0.50);
}

// Openness of flat ground from the blurred heights `h` around it (common.glsl, without a second look-up).
float open_ground(vec3 h, float over) {
    vec3 o = clamp((h - over) * vec3(0.16, 0.11, 0.09), 0.0, 1.0);
    float k = dot(o, vec3(0.55, 0.45, 0.38));
    return 1.0 / (1.0 + k + 0.6 * k * k);
}

vec3 town(vec3 h, float over, vec2 n) {
    float dense = smoothstep(0.2, 3.2, h.b - over);
    vec3 sheet = mix(PAPER, GARDEN, 0.30 * n.y);
    return mix(sheet, NEAR, dense) * (0.985 + 0.03 * n.x);
}

vec4 ground(vec3 albedo, float open, float key) {
    // The light of the sun, too, is a little weaker at the foot of walls: houses sit on the sheet.
    // A low sun would leave flat ground grey; rough ground catches more of it.
    float z = max(key_enu.z, 0.0), caught = 0.78 * z + 0.20 * min(8.0 * z, 1.0);
    vec3 light = up_rgb * open + sun_rgb * caught * key * mix(1.0, open, 0.45);
    return toned(mix(albedo * light, haze.rgb, haze.a));
}
