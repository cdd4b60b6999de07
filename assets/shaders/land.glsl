flat in vec3 albedo;
flat in float kind;
in vec3 world;
in vec3 base_light;
in vec3 key_light;
in vec3 shadow_at;
in vec3 fog;
uniform sampler2D noise;
out vec4 pixel;

float openness_here() { return open_ground(world.xy).r; }

vec4 finished(vec3 surface) {
    return toned(mix(surface, fog, haze_amount(world - eye_m)));
}

vec4 lit(vec3 paint, float open, float key) {
    return finished(paint * (base_light * open + key_light * (key * mix(1.0, open, 0.45))));
}
