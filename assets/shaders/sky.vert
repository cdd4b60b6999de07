in vec4 p3d_Vertex;
uniform vec3 ray_middle, ray_right, ray_up;
out vec3 ray;
void main() {
    ray = ray_middle + ray_right * p3d_Vertex.x + ray_up * p3d_Vertex.z;
    gl_Position = vec4(p3d_Vertex.x, p3d_Vertex.z, 1.0, 1.0);
}
