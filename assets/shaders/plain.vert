// Buildings far away: all is decided at the vertex.
in vec4 p3d_Vertex;
in vec3 p3d_Normal;
in vec4 info;                   // slot, material, seed, spare
invariant gl_Position;           // equal to the bit in the pass that lays down depth
uniform mat4 p3d_ModelMatrix;
uniform mat4 p3d_ViewProjectionMatrix;
out vec3 base;
out vec3 key;
out vec3 shadow_at;
out vec4 haze;
#ifdef STYLED
flat out vec4 dye;              // what a style makes of the feature
#endif

const vec3 WALL = vec3(0.791, 0.753, 0.680), PITCHED = vec3(0.624, 0.578, 0.497), FLAT = vec3(0.687, 0.651, 0.578);
const vec3 PANES = vec3(0.36, 0.36, 0.36), NO_DATA = vec3(0.40, 0.40, 0.41);

void main() {
    vec4 p = p3d_ModelMatrix * p3d_Vertex;
    vec3 n = normalize(mat3(p3d_ModelMatrix) * p3d_Normal);
    bool wall = info.y < 0.5;
    // The mean of a facade with its windows, of which some are lit after dark.
    vec3 albedo = wall ? mix(WALL, PANES, 0.17) : info.y < 1.5 ? PITCHED : FLAT;
    albedo *= 1.0 + (info.z - 0.5) * 0.12;
#ifdef STYLED
    dye = style_of(info.x);
    albedo *= dye.rgb;
#endif
    float f = value_of(info.x);
    vec4 c = flux_rgba(f > 1.5 ? 0.0 : f);
    float on_wall = mix(0.72 * saturate(painted.x), 0.82, saturate(painted.x - 1.0));
    float tint = c.a * (wall ? on_wall : painted.y * (f < 0.0 ? 0.92 * mix(1.0, 0.81, hatch_takes) : 0.92));
    if (f > 1.5 && (wall ? painted.x : painted.y) > 0.5) albedo = NO_DATA * (wall ? 1.3 : 0.9);
    float open = openness(p.xyz, n);
    vec3 sun = sun_rgb * max(dot(n, key_enu), 0.0);
    vec3 bounce = sun_rgb * down_rgb * 0.22 * (1.0 - n.z) * max(key_enu.z, 0.0);
    vec3 mixed = mix(albedo, c.rgb, tint);
    base = mixed * (ambient(n) + bounce) * open + c.rgb * tint * mood.z * (1.0 - 0.75 * saturate(sun.g));
    if (wall) base += vec3(0.95, 0.84, 0.64) * mood.y * 0.085;
    key = mixed * sun;
    shadow_at = shadow_place(p.xyz, n).xyz;
    vec3 ray = p.xyz - eye_m;
    float d = length(ray);
    haze = vec4(haze_rgb(ray / d), haze_amount(ray));
    gl_Position = p3d_ViewProjectionMatrix * p;
#ifdef STYLED
    if (!shown(dye)) gl_Position = NOWHERE;
#endif
}
