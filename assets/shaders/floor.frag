in vec3 world;
in vec3 shadow_at;
in vec4 haze;
uniform vec4 floor_disc;        // x, y, radius of what stands on it, radius at which it has faded out
uniform float under;
out vec4 pixel;

const vec3 FLOOR = vec3(0.52, 0.52, 0.50);

void main() {
    float away = length(world.xy - floor_disc.xy);
    float gone = smoothstep(floor_disc.z, floor_disc.w, away);
    // Shade gathers softly under the middle of what stands there.
    float q = away / floor_disc.z, near = 1.0 - 0.16 * exp(-2.2 * q * q);
    vec3 light = ambient(vec3(0.0, 0.0, 1.0)) * near + sun_rgb * key_enu.z * lit_by_key(shadow_at);
    vec3 c = dimmed(FLOOR, under) * light;
    pixel = toned(mix(c, haze_rgb(world - eye_m), max(gone, haze.a)));
}
