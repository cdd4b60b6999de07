in vec2 at;
flat in vec4 colour;
out vec4 pixel;

void main() {
    float across = 1.0 - at.x * at.x;
    pixel = toned(colour.rgb);
    pixel.a = colour.a * across * across * (1.0 - at.y) * (1.0 - at.y);
}
