// Points and lines of tiles made by others: lit at the vertex.
in vec4 p3d_Vertex;
in vec3 p3d_Normal;
in vec4 info;                   // slot, material, seed, spare
in vec4 tint;                   // vertex colour, linear
uniform mat4 p3d_ModelMatrix;
uniform mat4 p3d_ViewProjectionMatrix;
uniform vec4 base_color;
uniform vec4 matter;            // alpha cutoff, 1 = unlit, 1 = has vertex colours, 1 = normals
uniform vec3 dot_size;          // least and most pixels, metres between neighbours
uniform float pixels_at_1_m;    // that a metre takes at a metre's distance
uniform float bound_slots;
#ifdef DOTS
uniform sampler2D dots;         // per slot: pixels of a point, 0 = as it is, plus 100 where the style's colour is all
uniform float dot_scale;        // pixels of this picture to one of the window
#endif

out vec4 colour;
out vec4 haze;
out vec3 shadow_at;
out vec3 key;
out float alpha;
#ifdef DOTS
flat out float wide;            // pixels of the point
#endif

void main() {
    vec4 p = p3d_ModelMatrix * p3d_Vertex;
    vec3 n = matter.w > 0.5 ? mat3(p3d_ModelMatrix) * p3d_Normal : vec3(0.0);
    bool faced = dot(n, n) > 1e-12;
    n = faced ? normalize(n) : vec3(0.0, 0.0, 1.0);
    vec3 ray = p.xyz - eye_m;
    float d = max(length(ray), 1e-3);
    n = faced && dot(n, ray) > 0.0 ? -n : n;            // what has no back is seen from its front
    vec4 style = style_of(info.x);
    vec4 own = base_color * mix(vec4(1.0), tint, matter.z) * style;
#ifdef DOTS
    int s = int(info.x + 0.5);
    float said = (s >> 11) < textureSize(dots, 0).y ? texelFetch(dots, ivec2(s & 2047, s >> 11), 0).r : 0.0;
    own = said >= 100.0 ? style : own;
    said -= said >= 100.0 ? 100.0 : 0.0;
#endif
    if (info.x > 0.5 && info.x < bound_slots + 0.5) {
        float f = value_of(info.x);
        vec4 c = flux_rgba(f > 1.5 ? 0.0 : f);
        own.rgb = mix(own.rgb, f > 1.5 ? vec3(0.40, 0.40, 0.41) : c.rgb, f > 1.5 ? 0.7 : 0.9 * c.a);
    }
    bool unlit = matter.y > 0.5;
    vec3 soft = faced ? ambient(n) : 0.75 * up_rgb + 0.25 * down_rgb;
    float turned = faced ? max(dot(n, key_enu), 0.0) : 0.62;
    key = unlit ? vec3(0.0) : own.rgb * sun_rgb * turned;
    colour = vec4(unlit ? own.rgb * mix(1.0, 0.35, mood.w) : own.rgb * soft * openness(p.xyz, n), own.a);
    alpha = own.a;
    shadow_at = shadow_place(p.xyz, faced ? n : key_enu).xyz;
    haze = vec4(haze_rgb(ray / d), haze_amount(ray));
#ifdef DOTS
    gl_Position = shown(style) ? p3d_ViewProjectionMatrix * p : NOWHERE;
    float near = clamp(dot_size.z * pixels_at_1_m / d, dot_size.x, dot_size.y);
    gl_PointSize = wide = said > 0.0 ? max(said * dot_scale, 1.0) : near;
#else
    gl_Position = style.a > 0.0 ? p3d_ViewProjectionMatrix * p : NOWHERE;
    // Only its depth comes towards the eye, so that an outline is not eaten by the faces it borders.
    vec4 nearer = p3d_ViewProjectionMatrix * vec4(p.xyz - ray * 0.0015, 1.0);
    gl_Position.z = style.a > 0.0 ? nearer.z / nearer.w * gl_Position.w : gl_Position.z;
#endif
}
