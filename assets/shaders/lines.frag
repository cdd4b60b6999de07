in float across;
in float along;
flat in float half_width;
flat in vec4 flow;
flat in float kind;
in vec4 haze;
in float fade;
uniform float core;             // 0: the casing, 1: the ribbon in it, drawn after all casings
uniform float show_loading;     // 1: colour is loading, not direction
uniform vec3 line_take, line_give, pale_take, pale_give, load_low, load_middle, load_high;
uniform vec2 periods;           // metres from one comet to the next: cables, service cables
out vec4 pixel;

// Share of the ramp between two stops.
float part(float x, float a, float b) { return saturate((x - a) / (b - a)); }

void main() {
    if (fade < 0.02) discard;
    float a = abs(across), f = flow.x;
    vec3 light = up_rgb + sun_rgb * max(key_enu.z, 0.0) * 0.8;
    vec3 lamp = mix(light, vec3(1.0), mood.w * 0.7);
    if (core < 0.5) {
        vec3 casing = vec3(0.83, 0.81, 0.78) * light;
        if (flow.z < -0.5) casing = mix(vec3(0.020), vec3(0.16, 0.165, 0.175), step(flow.z, -1.5)) * lamp;
        if (flow.y > 1.0) {     // more than it may carry: a hazard hatch, black and white
            float q = (along + across * half_width) / max(3.2, half_width * 1.6), w = fwidth(q);
            float bar = saturate((abs(fract(q) - 0.5) - 0.25) / max(w, 1e-4) + 0.5);
            casing = mix(vec3(0.02), vec3(0.92), mix(bar, 0.5, smoothstep(0.4, 0.8, w))) * lamp;
        }
        pixel = toned(mix(casing, haze.rgb, haze.a));
        pixel.a = fade;
        return;
    }
    if (flow.z < -0.5) {        // nothing flows: black and white blocks where it cannot, hollow where no source is
        float length_m = max(5.0, half_width * 3.4), r = along / length_m, w = fwidth(r);
        float block = mix(saturate((abs(fract(r) - 0.5) - 0.25) / max(w, 1e-4) + 0.5), 0.5, smoothstep(0.5, 0.9, w));
        vec3 dead = flow.z < -1.5 ? vec3(0.42, 0.43, 0.44) : mix(vec3(0.020), vec3(0.92), block);
        pixel = toned(mix(dead * lamp, haze.rgb, haze.a));
        pixel.a = fade * (1.0 - smoothstep(1.0 - fwidth(a), 1.0 + fwidth(a), a));
        return;
    }
    vec3 hue = f < 0.0 ? line_give : line_take;
    float strength = smoothstep(0.0, 0.0004, abs(f)) * flow.z;
    vec3 paper = vec3(0.62, 0.61, 0.60) * light;
    // Comets: brightness runs along the line with the power, a sharp V in front; their mean where they are thin.
    float period = kind > 0.5 ? periods.y : periods.x, way = f < 0.0 ? -1.0 : 1.0;
    float q = way * (along - flow.w) / period + 1.6 * a * half_width / period;
    float w = fwidth(q);
    float comet = mix(fract(q) * fract(q), 0.33, smoothstep(0.25, 0.6, w));
    vec3 dull = mix(mix(f < 0.0 ? pale_give : pale_take, vec3(1.0), 0.30), hue * 0.38, mood.w) * lamp;
    vec3 bright = hue * lamp * mix(1.0, 1.9, mood.w);
    if (show_loading > 0.5) {
        vec3 ramp = mix(mix(load_low, load_middle, part(flow.y, 0.0, 0.6)), load_high, part(flow.y, 0.6, 1.0));
        dull = mix(ramp, vec3(1.0), 0.22) * lamp;
        bright = ramp * lamp;
        strength = flow.z;
    }
    vec3 c = mix(paper, mix(dull, bright, comet), strength);
    pixel = toned(mix(c, haze.rgb, haze.a));
    pixel.a = fade * (1.0 - smoothstep(1.0 - fwidth(a), 1.0 + fwidth(a), a));
}
