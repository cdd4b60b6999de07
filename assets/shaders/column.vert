// After dusk a column of light stands over plant that gives.
in vec4 p3d_Vertex;             // foot
in vec3 column;                 // side -1 or 1, 0 foot or 1 top, row
uniform mat4 p3d_ViewProjectionMatrix;
uniform sampler2D plants;
out vec2 at;
flat out vec4 colour;

void main() {
    int row = 2 * int(column.z + 0.5);
    colour = texelFetch(plants, ivec2(row & 2047, row >> 11), 0);
    row += 1;
    float height = texelFetch(plants, ivec2(row & 2047, row >> 11), 0).w;
    vec3 p = p3d_Vertex.xyz, ray = p - eye_m;
    float d = length(ray);
    colour = vec4(colour.rgb * mix(1.0, 1.6, mood.w), colour.a * smoothstep(0.15, 0.5, mood.w) * (1.0 - haze_amount(ray)));
    colour.a *= 0.75;
    at = column.xy;
    p += vec3(normalize(vec2(ray.y, -ray.x) + vec2(1e-6)) * column.x * max(3.0, 3.0 * d / 1437.0), column.y * height);
    gl_Position = height < 1.0 ? vec4(2.0, 2.0, 2.0, 1.0) : p3d_ViewProjectionMatrix * vec4(p, 1.0);
}
