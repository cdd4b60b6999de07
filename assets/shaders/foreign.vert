// Tiles made by others: base colour times vertex colour, times their texture in the fragment.
in vec4 p3d_Vertex;
in vec3 p3d_Normal;
in vec4 info;                   // slot, material, seed, spare
in vec4 tint;                   // vertex colour, linear
in vec2 uv;
uniform mat4 p3d_ModelMatrix;
uniform mat4 p3d_ViewProjectionMatrix;
uniform vec4 base_color;
uniform vec4 matter;            // alpha cutoff, 1 = unlit, 1 = has vertex colours, 1 = normals
uniform float bound_slots;      // slots up to here belong to buildings whose values are known

flat out float flux;            // over 1.5: nothing is known; -9: not a building of this district
flat out float slot;
out vec4 colour;
out vec2 at;
out vec3 world;
out vec3 normal;
out float open;
out vec3 shadow_at;
out vec4 haze;

void main() {
    vec4 p = p3d_ModelMatrix * p3d_Vertex;
    vec3 n = matter.w > 0.5 ? mat3(p3d_ModelMatrix) * p3d_Normal : vec3(0.0);
    n = dot(n, n) > 1e-12 ? normalize(n) : vec3(0.0);
    vec4 style = style_of(info.x);
    slot = info.x;
    flux = info.x > 0.5 && info.x < bound_slots + 0.5 ? value_of(info.x) : -9.0;
    colour = base_color * mix(vec4(1.0), tint, matter.z) * style;
    at = uv;
    world = p.xyz;
    normal = n;
    open = openness(p.xyz, n);
    // Of a surface with two sides the one that the light falls on is the one that asks for its shadow.
    shadow_at = shadow_place(p.xyz, dot(n, key_enu) < 0.0 ? -n : n).xyz;
    vec3 ray = p.xyz - eye_m;
    float d = max(length(ray), 1e-3);
    haze = vec4(haze_rgb(ray / d), haze_amount(ray));
    gl_Position = shown(style) ? p3d_ViewProjectionMatrix * p : NOWHERE;
}
