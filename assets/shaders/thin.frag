in vec4 colour;
in vec4 haze;
in vec3 shadow_at;
in vec3 key;
in float alpha;
#ifdef DOTS
flat in float wide;
#endif
out vec4 pixel;

void main() {
#ifdef DOTS
    float off_px = length(gl_PointCoord - 0.5) * wide;
    if (off_px > max(0.5 * wide, 1.5)) discard;     // a disc; of a few pixels every one is needed
#endif
    pixel = toned(mix(colour.rgb + key * texture(shadow_map, shadow_at), haze.rgb, haze.a));
    pixel.a = alpha;
}
