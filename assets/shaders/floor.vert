// A plain floor that fades out: what a tileset without ground of its own stands on. All but shadows is decided here.
in vec4 p3d_Vertex;
uniform mat4 p3d_ViewProjectionMatrix;
uniform vec4 floor_disc;        // x, y, radius of what stands on it, radius at which it has faded out
uniform float under;
out vec3 base;
out vec3 key;
out vec3 shadow_at;
out vec4 haze;

const vec3 FLOOR = vec3(0.52, 0.52, 0.50), UP = vec3(0.0, 0.0, 1.0);

void main() {
    vec3 p = p3d_Vertex.xyz, ray = p - eye_m, albedo = dimmed(FLOOR, under);
    float away = length(p.xy - floor_disc.xy), q = away / floor_disc.z;
    base = albedo * ambient(UP) * (1.0 - 0.16 * exp(-2.2 * q * q));    // shade gathers where things stand
    key = albedo * sun_rgb * key_enu.z;
    shadow_at = shadow_place(p, UP).xyz;
    haze = vec4(haze_rgb(ray / max(length(ray), 1e-3)), max(smoothstep(floor_disc.z, floor_disc.w, away), haze_amount(ray)));
    gl_Position = p3d_ViewProjectionMatrix * vec4(p, 1.0);
}
