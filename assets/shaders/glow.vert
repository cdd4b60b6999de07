// Light of a building on the ground around it.
in vec4 p3d_Vertex;
in vec3 disc;                   // x, y in the disc, slot
uniform mat4 p3d_ViewProjectionMatrix;
out vec2 at;
flat out vec4 colour;           // of the flux, amount
out vec4 haze;

void main() {
    at = disc.xy;
    float f = value_of(disc.z);
    colour = f > 1.5 ? vec4(0.0) : flux_rgba(f);
    vec3 ray = p3d_Vertex.xyz - eye_m;
    haze = vec4(haze_rgb(ray / length(ray)), haze_amount(ray));
    gl_Position = p3d_ViewProjectionMatrix * p3d_Vertex;
    gl_Position.z -= 0.00003 * gl_Position.w;
}
