in vec4 p3d_Vertex;
in vec4 side;                   // mitred normal x, y, side, metres along
in vec4 row;                    // line, kind, way outward at an end
uniform mat4 p3d_ViewProjectionMatrix;
uniform sampler2D flows;        // per line: signed power -1..1, loading, state (1 known, 0 not, -1 cannot carry it, -2 no source), metres travelled
uniform float under;            // 1: the view under the streets

out float across;               // -1 .. 1 the ribbon, its casing beyond
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
    vec3 ray = p - eye_m;
    float d = max(length(ray), 1e-3);
    bool service = kind > 0.5;
    // Slimmer where the eye is near, so that a ribbon never outweighs the houses beside it.
    // Somebody who stands in the street sees a strip on the road, not a carpet from kerb to kerb.
    float low = smoothstep(3.0, 30.0, eye_m.z - p.z);
    float wide = service ? mix(0.12, 0.36, low)
                         : mix(0.4, 0.9, low) + mix(0.5, 2.3, low) * sqrt(abs(flow.x)) * clamp(d / 300.0, 0.35, 1.0);
    if (flow.z < -0.5 && !service) wide = mix(0.4, 1.6, low);      // nothing flows: as wide as a cable of some power
    half_width = max(wide, (service ? 0.9 : 2.8) * d / 1437.0);   // pixels of a picture 1280 wide
    float casing = flow.y > 1.0 || flow.z < -0.5 ? 1.75 : 1.35;
    p.xy += side.xy * side.z * half_width * casing + row.zw * half_width;
    across = side.z * casing;
    along = side.w;
    haze = vec4(haze_rgb(ray / d), haze_amount(ray));
    fade = service ? 1.0 - smoothstep(mix(220.0, 500.0, under), mix(520.0, 1100.0, under), d) : 1.0;
    gl_Position = p3d_ViewProjectionMatrix * vec4(p, 1.0);
    // Only its depth comes towards the eye: the land between two points of a street may bulge, and must not flicker.
    float nearer = min(mix(0.9, 3.0, under) + 0.004 * d, 0.5 * d);
    vec4 lifted = p3d_ViewProjectionMatrix * vec4(p - ray / d * nearer, 1.0);
    gl_Position.z = lifted.z / lifted.w * gl_Position.w;
}
