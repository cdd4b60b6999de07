in vec2 at;
in vec4 tint;
uniform sampler2D p3d_Texture0;
out vec4 pixel;
void main() { pixel = tint * textureLod(p3d_Texture0, at, 0.0); }
