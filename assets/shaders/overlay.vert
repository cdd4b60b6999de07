in vec3 p3d_Vertex;             // pixels; depth, 0 where a list has none
in vec2 uv;
in vec4 p3d_Color;
uniform vec2 size_px;
out vec2 at;
out vec4 tint;
void main() {
    at = uv;
    tint = p3d_Color;
    gl_Position = vec4(2.0 * p3d_Vertex.x / size_px.x - 1.0, 1.0 - 2.0 * p3d_Vertex.y / size_px.y, p3d_Vertex.z, 1.0);
}
