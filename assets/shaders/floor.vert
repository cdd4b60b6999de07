// A plain floor that fades out: what a tileset without ground of its own stands on.
in vec4 p3d_Vertex;
uniform mat4 p3d_ViewProjectionMatrix;
out vec3 world;
out vec3 shadow_at;
out vec4 haze;

void main() {
    world = p3d_Vertex.xyz;
    shadow_at = shadow_place(world, vec3(0.0, 0.0, 1.0)).xyz;
    vec3 ray = world - eye_m;
    haze = vec4(haze_rgb(ray / max(length(ray), 1e-3)), haze_amount(ray));
    gl_Position = p3d_ViewProjectionMatrix * vec4(world, 1.0);
}
