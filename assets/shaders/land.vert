// Land: what lies on the ground. The vertex carries material and light, the programs of the groups add their grain.
in vec4 p3d_Vertex;
in vec3 p3d_Normal;
in vec4 info;                   // slot, material, seed, spare
uniform mat4 p3d_ModelMatrix;
uniform mat4 p3d_ViewProjectionMatrix;
uniform float under;            // 1: the view under the streets, ground dimmed
flat out vec3 albedo;
flat out float kind;
out vec3 world;
out vec3 base_light;
out vec3 key_light;
out vec3 shadow_at;
out vec3 fog;

const vec3 MATERIAL[13] = vec3[13](
    vec3(0.400, 0.462, 0.282), vec3(0.470, 0.510, 0.345), vec3(0.452, 0.434, 0.405), vec3(0.672, 0.638, 0.578),
    vec3(0.631, 0.584, 0.509), vec3(0.143, 0.233, 0.273), vec3(0.584, 0.578, 0.462), vec3(0.565, 0.527, 0.462),
    vec3(0.455, 0.438, 0.408), vec3(0.521, 0.418, 0.292), vec3(0.880, 0.855, 0.807), vec3(0.301, 0.367, 0.220),
    vec3(0.672, 0.610, 0.503));

void main() {
    vec4 p = p3d_ModelMatrix * p3d_Vertex;
    vec3 n = normalize(mat3(p3d_ModelMatrix) * p3d_Normal);
    kind = info.y;
    albedo = dimmed(MATERIAL[clamp(int(kind + 0.5) - 10, 0, 12)], under);
    world = p.xyz;
    base_light = ambient(n);
    key_light = sun_rgb * caught(max(dot(n, key_enu), 0.0));
    shadow_at = shadow_place(p.xyz, n).xyz;
    vec3 ray = p.xyz - eye_m;
    fog = haze_rgb(ray / max(length(ray), 1e-3));
    gl_Position = p3d_ViewProjectionMatrix * p;
    if (kind > 19.5 && kind < 20.5) gl_Position.z -= 0.00002 * gl_Position.w;   // paint lies on what it marks
}
