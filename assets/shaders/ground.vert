in vec4 p3d_Vertex;
uniform mat4 p3d_ViewProjectionMatrix;
out vec3 world;
out vec3 shadow_at;
void main() {
    world = p3d_Vertex.xyz;
    shadow_at = shadow_place(world, vec3(0.0, 0.0, 1.0)).xyz;
    gl_Position = p3d_ViewProjectionMatrix * p3d_Vertex;
}
