in vec4 p3d_Vertex;
in vec4 info;                   // slot, material, seed, spare
in vec2 uv;
uniform mat4 p3d_ModelViewProjectionMatrix;
out vec2 at;
void main() {
    at = uv;
    gl_Position = style_of(info.x).a > 0.0 ? p3d_ModelViewProjectionMatrix * p3d_Vertex : NOWHERE;
}
