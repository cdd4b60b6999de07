// Light of a building on the ground around it; toned here, for a disc has one colour.
in vec4 p3d_Vertex;
in vec3 disc;                   // x, y in the disc, slot
uniform mat4 p3d_ViewProjectionMatrix;
out vec2 at;
flat out vec4 colour;           // as on the screen, amount

void main() {
    at = disc.xy;
    float f = value_of(disc.z);
    vec4 c = f > 1.5 ? vec4(0.0) : flux_rgba(f);
    vec3 ray = p3d_Vertex.xyz - eye_m;
    vec3 light = mix(c.rgb * (0.20 + 0.55 * mood.w), haze_rgb(ray / length(ray)), haze_amount(ray));
    colour = vec4(srgb(max(neutral(light * mood.x), vec3(0.0))), 0.42 * c.a * mood.w);
    gl_Position = p3d_ViewProjectionMatrix * p3d_Vertex;
    gl_Position.z -= 0.00003 * gl_Position.w;
}
