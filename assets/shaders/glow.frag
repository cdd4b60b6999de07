in vec2 at;
flat in vec4 colour;
out vec4 pixel;

void main() {
    float q = max(1.0 - dot(at, at), 0.0);
    pixel = vec4(colour.rgb, colour.a * q * q);
}
