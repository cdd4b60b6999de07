in vec2 at;
flat in vec4 colour;
in vec4 haze;
out vec4 pixel;

void main() {
    float q = max(1.0 - dot(at, at), 0.0);
    pixel = toned(mix(colour.rgb * (0.20 + 0.55 * mood.w), haze.rgb, haze.a));
    pixel.a = 0.42 * q * q * colour.a * mood.w;
}
