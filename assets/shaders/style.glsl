// What a style says of a feature: a colour that multiplies its own, alpha 0 hides it. Row 0 is white.
uniform sampler2D styles;       // rgba (linear) per slot, row-major, 2048 wide

vec4 style_of(float slot) {
    int s = int(slot + 0.5);
    return (s >> 11) < textureSize(styles, 0).y ? texelFetch(styles, ivec2(s & 2047, s >> 11), 0) : vec4(1.0);
}

// Whether a feature is in this pass: what is there in the first, what is translucent in one of its own after that.
bool shown(vec4 style) {
#if defined(GLASS)
    return style.a > 0.0 && style.a < 1.0;
#elif defined(BLEND)
    return style.a > 0.0;
#else
    return style.a >= 1.0;
#endif
}

const vec4 NOWHERE = vec4(2.0, 2.0, 2.0, 1.0);     // outside of every view: what is hidden collapses there
