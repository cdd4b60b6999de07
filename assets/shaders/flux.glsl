// Value to colour: orange takes, blue gives, paper is zero. One legend is these uniforms.

uniform sampler2D values;       // one float per slot, row-major, 2048 wide; over 1.5 = no data
uniform vec3 take_middle, take_strong, give_middle, give_strong;
uniform float hatch_takes;      // 1: importing roofs are hatched
uniform vec2 painted;           // walls: 0 plain, 1 colour fades from the eave, 2 all over; roofs: 0 plain, 1 coloured

float value_of(float slot) {
    int s = int(slot + 0.5);
    return texelFetch(values, ivec2(s & 2047, s >> 11), 0).r;
}

// rgb and amount 0..1 of the flux colour; s = sqrt|f| so that small flows show and zero stays zero.
vec4 flux_rgba(float f) {
    float s = sqrt(min(abs(f), 1.0));
    float t = saturate(1.6 * s - 0.6);
    vec3 gives = mix(give_middle, mix(give_strong, give_middle, 0.4 * mood.w), t);
    vec3 c = f < 0.0 ? mix(take_middle, take_strong, t) : gives;
    return vec4(c, saturate(2.4 * s));
}
