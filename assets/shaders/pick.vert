in vec4 p3d_Vertex;
in vec4 info;                   // slot, material, seed, spare
uniform mat4 p3d_ModelMatrix;
uniform mat4 p3d_ViewProjectionMatrix;
flat out float slot;

void main() {
    slot = info.x;
    gl_Position = style_of(info.x).a > 0.0 ? p3d_ViewProjectionMatrix * (p3d_ModelMatrix * p3d_Vertex) : NOWHERE;
}
