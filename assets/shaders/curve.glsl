// Khronos PBR Neutral with half of its toe offset added back: keeps the hue of the legend.
vec3 neutral(vec3 c) {
    float x = min(c.r, min(c.g, c.b));
    float toe = x < 0.08 ? x - 6.25 * x * x : 0.04;
    c -= 0.5 * toe;
    float peak = max(c.r, max(c.g, c.b));
    const float shoulder = 0.76;
    if (peak < shoulder) return c;
    const float d = 1.0 - shoulder;
    float held = 1.0 - d * d / (peak + d - shoulder);
    c *= held / peak;
    float g = 1.0 - 1.0 / (0.15 * (peak - held) + 1.0);
    return mix(c, vec3(held), g);
}

// The sRGB curve by two roots, nowhere off by more than 1/255 (fitted to the exact curve, equal ripple).
vec3 srgb(vec3 c) {
    vec3 a = sqrt(c), b = sqrt(a);
    return 1.7666139 * a - 0.22438036 * b + c * (0.39783883 * a - 0.93615327);
}
