in vec4 p3d_Vertex;
in vec4 side;                   // mitred normal x, y, side, metres along
in vec2 row;                    // line, kind
uniform mat4 p3d_ViewProjectionMatrix;
uniform sampler2D flows;        // per line: signed power -1..1, loading, known

out float across;               // -1.35 .. 1.35, casing outside 1
out float along;
flat out float half_width;
flat out vec4 flow;
flat out float kind;
out vec4 haze;
out float fade;

void main() {
    int k = int(row.x + 0.5);
    flow = texelFetch(flows, ivec2(k & 2047, k >> 11), 0);
    kind = row.y;
    vec3 p = p3d_Vertex.xyz;
    float d = length(p - eye_m);
    // Slimmer where the eye is near, so that a ribbon never outweighs the houses beside it.
    float wide = kind > 0.5 ? 0.36 : 0.8 + 2.3 * sqrt(abs(flow.x)) * clamp(d / 420.0, 0.2, 1.0);
    float least = (kind > 0.5 ? 1.0 : 2.8) * d / 1437.0;   // pixels of a picture 1280 wide
    half_width = wide;
    wide = max(wide, least);
    p.xy += side.xy * side.z * wide * 1.35;
    across = side.z * 1.35;
    along = side.w;
    vec3 ray = p - eye_m;
    haze = vec4(haze_rgb(ray / max(d, 1e-3)), haze_amount(ray));
    fade = kind > 0.5 ? 1.0 - smoothstep(220.0, 520.0, d) : 1.0;
    gl_Position = p3d_ViewProjectionMatrix * vec4(p, 1.0);
    gl_Position.z -= 0.00004 * gl_Position.w;
}
