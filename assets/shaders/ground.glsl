// Plain ground: a sheet of paper, lighter where houses stand close, fields in pale tints beyond, haze at the end.
// Three programs share this: the town, the seam, the country. Software GL pays every branch, so there are none.
in vec3 world;
in vec3 shadow_at;
in vec4 haze;
in float away;
in vec2 fibre;
uniform vec4 town_disc;         // centre x, y, radius, spare
uniform float under;
out vec4 pixel;

vec3 town(float dense, vec2 n) {
    vec3 sheet = mix(PAPER, GARDEN, 0.30 * n.y);
    return mix(sheet, NEAR, dense) * (0.985 + 0.03 * n.x);
}

vec4 ground(vec3 albedo, float open, float key) {
    // The light of the sun, too, is a little weaker at the foot of walls: houses sit on the sheet.
    vec3 light = up_rgb * open + sun_rgb * (caught(max(key_enu.z, 0.0)) * key * mix(1.0, open, 0.45));
    return toned(mix(dimmed(albedo, under) * light, haze.rgb, haze.a));
}
