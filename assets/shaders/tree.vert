// Crowns and trunks; wrapped light, darker below. What stands in its own shade is not asked of the shadow map.
in vec4 p3d_Vertex;
in vec3 p3d_Normal;
in vec2 bark;                   // seed, 1 = trunk
uniform mat4 p3d_ModelMatrix;
uniform mat4 p3d_ViewProjectionMatrix;
flat out vec3 albedo;
out vec3 base_light;
out vec3 key_light;
out vec3 shadow_at;
out vec4 haze;

void main() {
    vec4 p = p3d_ModelMatrix * p3d_Vertex;
    vec3 n = normalize(mat3(p3d_ModelMatrix) * p3d_Normal);
    float v = bark.x - 0.5;
    vec3 crown = vec3(0.212, 0.279, 0.141) * (1.0 + v * vec3(0.50, 0.26, 0.30));
    albedo = mix(crown, vec3(0.178, 0.136, 0.102), bark.y);
    base_light = ambient(n) * mix(0.52, 1.0, n.z * 0.5 + 0.5);
    key_light = sun_rgb * max((dot(n, key_enu) + 0.25) / 1.25, 0.0);
    shadow_at = shadow_place(p.xyz + key_enu * 2.0, n).xyz;
    vec3 ray = p.xyz - eye_m;
    float d = length(ray);
    haze = vec4(haze_rgb(ray / d), haze_amount(ray));
    gl_Position = p3d_ViewProjectionMatrix * p;
}
