// Plant: batteries, turbines, canopies, chargers, kiosks.
in vec4 p3d_Vertex;
in vec3 p3d_Normal;
in vec4 look;                   // material rgb, how much flux colour it takes
in vec4 extra;                  // row, place along the gauge, u, v of modules
in vec4 hub;                    // what it turns around, 1 where it turns
uniform mat4 p3d_ViewProjectionMatrix;
uniform sampler2D plants;       // two texels a row: colour and amount; gives (1) or takes (-1), charge, turn in rad, 0
flat out vec4 colour;
flat out vec4 state;
flat out vec4 material;
out vec3 gauge;                 // place along the gauge, u, v
out vec3 world;
out vec3 base_light;
out vec3 key_light;
out vec3 shadow_at;
out vec4 haze;

void main() {
    int row = 2 * int(extra.x + 0.5);
    colour = texelFetch(plants, ivec2(row & 2047, row >> 11), 0);
    row += 1;
    state = texelFetch(plants, ivec2(row & 2047, row >> 11), 0);
    material = look;
    gauge = extra.yzw;
    vec3 p = p3d_Vertex.xyz, n = p3d_Normal;
    if (hub.w > 0.5) {          // around the axis that the blade's own normal is
        vec3 arm = p - hub.xyz, axis = normalize(vec3(n.xy, 0.0)) ;
        axis *= axis.x + 0.618 * axis.y < 0.0 ? -1.0 : 1.0;       // both faces of a blade turn the same way
        p = hub.xyz + arm * cos(state.z) + cross(axis, arm) * sin(state.z) + axis * dot(axis, arm) * (1.0 - cos(state.z));
    }
    world = p;
    base_light = (ambient(n) + sun_rgb * down_rgb * 0.22 * (1.0 - n.z) * max(key_enu.z, 0.0)) * openness(p, n);
    key_light = sun_rgb * max(dot(n, key_enu), 0.0);
    shadow_at = shadow_place(p, n).xyz;
    vec3 ray = p - eye_m;
    haze = vec4(haze_rgb(ray / length(ray)), haze_amount(ray));
    gl_Position = p3d_ViewProjectionMatrix * vec4(p, 1.0);
}
