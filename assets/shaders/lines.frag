in float across;
in float along;
flat in float half_width;
flat in vec4 flow;
flat in float kind;
in vec4 haze;
in float fade;
uniform float phase_s;
uniform vec3 line_take, line_give;
out vec4 pixel;

void main() {
    if (fade < 0.02) discard;
    float a = abs(across), f = flow.x;
    vec3 light = up_rgb + sun_rgb * max(key_enu.z, 0.0) * 0.8;
    vec3 casing = vec3(0.83, 0.81, 0.78) * light;
    if (flow.y > 1.0) {         // overload: black and white hazard hatch
        float q = (along + across * half_width) / 3.0;
        casing = mix(vec3(0.03), vec3(0.95), step(0.5, fract(q))) * light;
    }
    vec3 hue = f < 0.0 ? line_give : line_take;
    float strength = smoothstep(0.0, 0.0004, abs(f)) * flow.z;
    vec3 paper = vec3(0.62, 0.61, 0.60) * light;
    // Comets: brightness runs along the line with the power, a sharp V in front; their mean where they are thin.
    float period = max(8.0 * half_width, 13.0), way = f < 0.0 ? -1.0 : 1.0;
    float q = along * way / period + 0.9 * a * half_width / period - phase_s * (6.0 + 14.0 * abs(f)) / period;
    float w = fwidth(q);
    float comet = mix(fract(q) * fract(q), 0.33, smoothstep(0.25, 0.6, w));
    vec3 lamp = mix(light, vec3(1.0), mood.w * 0.7);
    vec3 dull = mix(mix(hue, vec3(1.0), 0.42), hue * 0.38, mood.w) * lamp;
    vec3 bright = hue * lamp * mix(1.0, 1.9, mood.w);
    vec3 c = mix(paper, mix(dull, bright, comet), strength);
    float inside = 1.0 - smoothstep(1.0 - fwidth(a), 1.0 + fwidth(a), a);
    pixel = toned(mix(mix(casing, c, inside), haze.rgb, haze.a));
    pixel.a = fade;
}
