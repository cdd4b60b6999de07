in vec3 base;
in vec3 key;
in vec3 shadow_at;
in vec4 haze;
#ifdef STYLED
flat in vec4 dye;
#endif
out vec4 pixel;

void main() {
    pixel = toned(mix(base + key * texture(shadow_map, shadow_at), haze.rgb, haze.a));
#ifdef GLASS
    pixel.a = dye.a;
#endif
}
