// Fields in pale tints: the same function on the plain and on land of our own, so that neither ends at the other.
const vec3 GRASS = vec3(0.400, 0.470, 0.285), GARDEN = vec3(0.503, 0.527, 0.392);
const vec3 PAPER = vec3(0.578, 0.552, 0.486), NEAR = vec3(0.628, 0.600, 0.532);
const vec3 FIELD = vec3(0.580, 0.585, 0.415);

vec3 fields(vec2 p, float away) {
    vec2 q = p + vec2(46.0 * sin(p.y / 310.0), 38.0 * sin(p.x / 270.0 + 1.0));
    vec2 g = q / vec2(290.0, 230.0);
    g.x += 0.5 * mod(floor(g.y), 2.0);
    float seed = hash21(floor(g) + 7.0);
    vec3 c = FIELD * mix(vec3(0.88, 0.93, 0.86), vec3(1.06, 1.02, 0.95), seed);
    c = mix(c, GRASS * 1.02, step(0.62, fract(seed * 7.3)) * 0.85);
    float turn = seed * 6.28318;
    float row = dot(p, vec2(cos(turn), sin(turn)));
    c *= 1.0 - 0.06 * (0.5 + 0.5 * sin(row * 0.9)) * (1.0 - smoothstep(200.0, 900.0, away));
    vec2 border = min(fract(g), 1.0 - fract(g)) * vec2(290.0, 230.0);
    float hedge = 1.0 - smoothstep(1.5, 4.5 + away * 0.004, min(border.x, border.y));
    return mix(c, GRASS * 0.62, 0.5 * hedge * step(0.35, fract(seed * 3.1)));
}

uniform sampler2D open_map;

// Openness of the ground, 1 = free, and how densely it is built; the map's border is free.
vec2 open_ground(vec2 p) { return texture(open_map, (p - relief_box.xy) / relief_box.z).rg; }
