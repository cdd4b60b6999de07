in vec4 colour;
in vec4 haze;
in vec3 shadow_at;
in vec3 key;
in float alpha;
out vec4 pixel;

void main() {
#ifdef DOTS
    vec2 off = gl_PointCoord - 0.5;
    if (dot(off, off) > 0.25) discard;
#endif
    pixel = toned(mix(colour.rgb + key * texture(shadow_map, shadow_at), haze.rgb, haze.a));
    pixel.a = alpha;
}
