in vec4 p3d_Vertex;
in vec4 info;                   // slot of what tiles bring; absent and zero on all else
uniform mat4 p3d_ModelViewProjectionMatrix;
void main() { gl_Position = style_of(info.x).a > 0.0 ? p3d_ModelViewProjectionMatrix * p3d_Vertex : NOWHERE; }
