in vec4 p3d_Vertex;
uniform mat4 p3d_ViewProjectionMatrix;
out vec3 world;
out vec3 shadow_at;
out vec4 haze;
out float away;
out vec2 fibre;                 // slow variation of the paper
uniform sampler2D noise;
void main() {
    world = p3d_Vertex.xyz;
    fibre = textureLod(noise, world.xy / 90.0, 2.0).rg;
    shadow_at = shadow_place(world, vec3(0.0, 0.0, 1.0)).xyz;
    vec3 ray = world - eye_m;
    away = length(ray);
    haze = vec4(haze_rgb(ray / away), haze_amount(ray));
    gl_Position = p3d_ViewProjectionMatrix * p3d_Vertex;
}
