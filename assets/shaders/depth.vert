// The same sums as building.vert, so that depths agree to the bit.
in vec4 p3d_Vertex;
#ifdef STYLED
in vec4 info;                   // slot, material, seed, spare
#endif
invariant gl_Position;           // equal to the bit in the pass that lays down depth
uniform mat4 p3d_ModelMatrix;
uniform mat4 p3d_ViewProjectionMatrix;
void main() {
    vec4 p = p3d_ModelMatrix * p3d_Vertex;
    gl_Position = p3d_ViewProjectionMatrix * p;
#ifdef STYLED
    if (!shown(style_of(info.x))) gl_Position = NOWHERE;    // what is behind shows through
#endif
}
