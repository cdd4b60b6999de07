flat in vec3 albedo;
in vec3 base_light;
in vec3 key_light;
in vec3 shadow_at;
in vec4 haze;
out vec4 pixel;
void main() {
    vec3 light = base_light + key_light * texture(shadow_map, shadow_at);
    pixel = toned(mix(albedo * light, haze.rgb, haze.a));
}
