// Linear to screen, dithered; the curve itself is curve.glsl.
vec4 toned(vec3 c) {
    vec3 s = srgb(max(neutral(c * mood.x), vec3(0.0)));
    return vec4(s + (hash21(gl_FragCoord.xy) - 0.5) / 255.0, 1.0);
}
