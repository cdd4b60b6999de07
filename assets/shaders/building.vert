in vec4 p3d_Vertex;
in vec3 p3d_Normal;
in vec4 info;                   // slot, material, seed, spare
in vec4 face;                   // u, v, L, H
invariant gl_Position;           // equal to the bit in the pass that lays down depth
uniform mat4 p3d_ModelMatrix;
uniform mat4 p3d_ViewProjectionMatrix;

flat out float flux;
flat out vec3 kind;             // material, seed, slot
flat out vec2 face_size;
out vec2 face_at;
out vec3 world;
out vec3 base_light;            // ambient and bounce, with openness
out vec3 key_light;
out vec3 shadow_at;
out vec4 haze;                  // rgb, amount
#ifdef STYLED
flat out vec4 dye;              // what a style makes of the feature
#endif

void main() {
    vec4 p = p3d_ModelMatrix * p3d_Vertex;
    vec3 n = normalize(mat3(p3d_ModelMatrix) * p3d_Normal);
    float open = openness(p.xyz, n);
    flux = value_of(info.x);
    kind = vec3(info.y, info.z, info.x);
    face_size = face.zw;
    face_at = face.xy;
    world = p.xyz;
    base_light = (ambient(n) + sun_rgb * down_rgb * 0.22 * (1.0 - n.z) * max(key_enu.z, 0.0)) * open;
    key_light = sun_rgb * max(dot(n, key_enu), 0.0);
    shadow_at = shadow_place(p.xyz, n).xyz;
    vec3 ray = p.xyz - eye_m;
    float d = length(ray);
    haze = vec4(haze_rgb(ray / d), haze_amount(ray));
    gl_Position = p3d_ViewProjectionMatrix * p;
#ifdef STYLED
    dye = style_of(info.x);
    if (!shown(dye)) gl_Position = NOWHERE;
#endif
}
