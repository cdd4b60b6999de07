flat in float flux;
flat in float slot;
in vec4 colour;
in vec2 at;
in vec3 world;
in vec3 normal;
in float open;
in vec3 shadow_at;
in vec4 haze;
out vec4 pixel;

uniform vec4 matter;            // alpha cutoff, 1 = unlit, 1 = has vertex colours, 1 = normals
uniform vec2 chosen;            // slots under the pointer and of the inspector; 0: none
#ifdef PICTURE
uniform sampler2D picture;
#endif

const vec3 PAPER = vec3(0.74, 0.70, 0.62), NO_DATA = vec3(0.40, 0.40, 0.41);

// A building of the district: its flux wins, what it looks like stays as a breath of light and dark.
vec3 painted_over(vec3 own, vec3 n, float f, out vec3 glow) {
    float detail = dot(own, vec3(0.2126, 0.7152, 0.0722));
    vec3 paper = PAPER * mix(0.62, 1.16, saturate(detail * 1.4)) * mix(vec3(1.0), own / max(detail, 0.02), 0.10);
    glow = vec3(0.0);
    if (f > 1.5) return mix(paper, NO_DATA, 0.7);
    vec4 c = flux_rgba(f);
    float amount = c.a * mix(0.72 * min(painted.x, 1.0), 0.90 * painted.y, smoothstep(0.3, 0.8, n.z));
    glow = c.rgb * amount;
    return mix(paper, c.rgb * mix(0.86, 1.10, saturate(detail * 1.4)), amount);
}

void main() {
    vec4 own = colour;
#ifdef PICTURE
    own *= texture(picture, at).bgra;      // kept as rgb where Panda expects blue first
#endif
#ifdef MASK
    if (own.a < matter.x) discard;
#endif
    vec3 n = matter.w > 0.5 ? normal : cross(dFdx(world), dFdy(world));
    n *= inversesqrt(max(dot(n, n), 1e-20));
    n = matter.w > 0.5 ? (gl_FrontFacing ? n : -n) : n;
    vec3 sun = sun_rgb * max(dot(n, key_enu), 0.0) * lit_by_key(shadow_at);
    vec3 light = (ambient(n) + sun_rgb * down_rgb * 0.22 * (1.0 - n.z) * max(key_enu.z, 0.0)) * open + sun;
    vec3 glow = vec3(0.0), albedo = own.rgb;
    if (flux > -5.0) albedo = painted_over(own.rgb, n, flux, glow);
    vec3 surface = albedo * light + glow * mood.z * (1.0 - 0.75 * saturate(sun.g));
    if (matter.y > 0.5 && flux < -5.0) surface = albedo * mix(1.0, 0.35, mood.w);
    if (slot > 0.5) {
        float pointed = step(abs(slot - chosen.x), 0.5), held = step(abs(slot - chosen.y), 0.5);
        surface = mix(surface, surface * 1.12 + vec3(0.10 / mood.x), max(pointed, held));
        surface = mix(surface, vec3(1.1 / mood.x), 0.16 * held);
    }
    pixel = toned(mix(surface, haze.rgb, haze.a));
#ifdef BLEND
    pixel.a = own.a;
#endif
}
