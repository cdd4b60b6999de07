// The finished scene with light that spills from its bright places, read from its own chain of halved pictures, and
// corners a little darker, as a lens has them.
in vec2 at;
uniform sampler2D picture;
uniform vec2 bloom;             // amount, night 0..1
out vec4 pixel;

vec3 spill(float level, float from) {
    vec3 c = textureLod(picture, at, level).rgb;
    return max(c - from, vec3(0.0)) * c;
}

void main() {
    vec3 c = texture(picture, at).rgb;
    float from = mix(0.78, 0.42, bloom.y);
    vec3 s = spill(2.5, from) + 0.8 * spill(4.0, from - 0.05) + 0.6 * spill(5.5, from - 0.08);
    c += (vec3(1.0) - c) * s * bloom.x * mix(0.10, 0.55, bloom.y);
    vec2 d = at - 0.5;
    c *= 1.0 - 0.22 * bloom.x * dot(d, d);
    pixel = vec4(c, 1.0);
}
