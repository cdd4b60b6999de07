// Solar modules: strips of places, of which the first so many are drawn as the building has modules.
in vec4 p3d_Vertex;
in vec3 p3d_Normal;
in vec3 along;                  // from one module to the next
in vec4 strip;                  // slot, modules before this strip, modules in it, corner (1 right, 2 upper)
uniform mat4 p3d_ModelMatrix;
uniform mat4 p3d_ViewProjectionMatrix;
uniform sampler2D installed;    // modules per slot

flat out float flux;
out vec2 at;                    // modules from the left, share of a module from below
out vec3 world;
out vec3 normal;
out vec3 base_light;
out vec3 key_light;
out vec3 shadow_at;
out vec4 haze;

void main() {
    int s = int(strip.x + 0.5);
    float there = texelFetch(installed, ivec2(s & 2047, s >> 11), 0).r;
    float count = clamp(floor(there + 0.5) - strip.y, 0.0, strip.z);
    if (count < 0.5 || style_of(strip.x).a <= 0.0) {        // none of these, or nothing to lie on
        gl_Position = NOWHERE;
        return;
    }
    float right = mod(strip.w, 2.0);
    at = vec2(right * count, step(1.5, strip.w));
    vec4 p = p3d_ModelMatrix * (p3d_Vertex + vec4(along * (right * count), 0.0));
    vec3 n = normalize(mat3(p3d_ModelMatrix) * p3d_Normal);
    flux = value_of(strip.x);
    world = p.xyz;
    normal = n;
    base_light = ambient(n) * openness(p.xyz, n);
    key_light = sun_rgb * max(dot(n, key_enu), 0.0);
    shadow_at = shadow_place(p.xyz, n).xyz;
    vec3 ray = p.xyz - eye_m;
    float d = length(ray);
    haze = vec4(haze_rgb(ray / d), haze_amount(ray));
    gl_Position = p3d_ViewProjectionMatrix * p;
}
