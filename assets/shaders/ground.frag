// Plain ground: paving where houses stand close, gardens between, fields beyond, haze at the end.
in vec3 world;
in vec3 shadow_at;
uniform sampler2D noise;
uniform vec4 town_disc;         // centre x, y, radius, 1 when there is a town
out vec4 pixel;

const vec3 GRASS = vec3(0.429, 0.479, 0.332), GARDEN = vec3(0.503, 0.527, 0.392), PAVEMENT = vec3(0.640, 0.606, 0.546);
const vec3 FIELD = vec3(0.584, 0.578, 0.462);

vec3 fields(vec2 p, float away) {
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
    return mix(c, GRASS * 0.72, 0.5 * hedge * step(0.35, fract(seed * 3.1)));
}

void main() {
    vec3 ray = world - eye_m;
    float away = length(ray);
    float n = texture(noise, world.xy / 90.0).r, wide = texture(noise, world.xy / 510.0).g;
    vec3 near_heights = texture(relief, (world.xy - relief_box.xy) / relief_box.z).rgb * 64.0;
    float over = world.z - relief_box.w;
    float dense = smoothstep(0.5, 3.0, near_heights.b - over + 1.6 * (n - 0.5));
    vec3 lawn = mix(GRASS, GARDEN, wide) * (0.86 + 0.28 * n);
    vec3 town = mix(lawn, PAVEMENT * (0.97 + 0.06 * n), dense);
    float out_of_town = town_disc.w < 0.5 ? 1.0
        : smoothstep(0.82, 1.22, length(world.xy - town_disc.xy) / town_disc.z + 0.25 * (wide - 0.5));
    vec3 albedo = mix(town, fields(world.xy, away), out_of_town);
    float open = openness(world, vec3(0.0));
    float key = lit_by_key(shadow_at);
    vec3 light = up_rgb * open + sun_rgb * max(key_enu.z, 0.0) * key;
    pixel = toned(mix(albedo * light, haze_rgb(ray / away), haze_amount(away)));
}
