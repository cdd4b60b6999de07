in vec3 base;
in vec3 key;
in vec3 shadow_at;
in vec4 haze;
out vec4 pixel;

void main() { pixel = toned(mix(base + key * lit_by_key(shadow_at), haze.rgb, haze.a)); }
