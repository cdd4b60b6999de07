// Linear to screen, dithered; the curve itself is curve.glsl.
vec4 toned(vec3 c) {
    vec3 s = srgb(max(neutral(c * mood.x), vec3(0.0)));
    // Interleaved gradient noise (Jimenez 2014): the cheapest dither that is even in every small neighbourhood.
    float dither = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
    return vec4(s + (dither - 0.5) / 255.0, 1.0);
}
