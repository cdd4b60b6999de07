// The plain: its height comes from the plate map, which dips under land that tiles bring.
in vec4 p3d_Vertex;
uniform mat4 p3d_ViewProjectionMatrix;
uniform sampler2D noise;
uniform sampler2D plate;        // metres above `plate_box.w`
uniform vec4 plate_box;         // west, south, size, ground height
out vec3 world;
out vec3 shadow_at;
out vec4 haze;
out float away;
out vec2 fibre;                 // slow variation of the paper
void main() {
    world = vec3(p3d_Vertex.xy, plate_box.w + textureLod(plate, (p3d_Vertex.xy - plate_box.xy) / plate_box.z, 0.0).r);
    fibre = textureLod(noise, world.xy / 90.0, 2.0).rg;
    shadow_at = shadow_place(world, vec3(0.0, 0.0, 1.0)).xyz;
    vec3 ray = world - eye_m;
    away = length(ray);
    haze = vec4(haze_rgb(ray / away), haze_amount(ray));
    gl_Position = p3d_ViewProjectionMatrix * vec4(world, 1.0);
}
