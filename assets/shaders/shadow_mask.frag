// Leaves on a quad: only what the picture shows throws a shadow.
in vec2 at;
uniform sampler2D picture;
uniform vec4 matter;            // alpha cutoff first
uniform vec4 base_color;
void main() { if (texture(picture, at).a * base_color.a < matter.x) discard; }
