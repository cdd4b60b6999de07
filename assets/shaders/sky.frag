in vec3 ray;
out vec4 pixel;

// A far ridge in the haze: two rows of hills, so that flat country does not end in a ruled line.
float ridge(float azimuth, float seed) {
    return 0.5 + 0.5 * (0.5 * sin(azimuth * 3.0 + seed) + 0.3 * sin(azimuth * 7.0 + 2.3 * seed) + 0.2 * sin(azimuth * 17.0 + 4.1 * seed)
        + 0.08 * sin(azimuth * 43.0 + seed));
}

void main() {
    vec3 d = normalize(ray);
    float g = dot(normalize(d.xy + vec2(1e-5)), glow_xy) * 0.5 + 0.5;
    float z = max(d.z, 0.0);
    vec3 c = mix(horizon_rgb, zenith_rgb, 1.0 - exp(-6.5 * z));
    float s = max(dot(d, sun_enu), 0.0);
    float s8 = s * s; s8 *= s8; s8 *= s8;
    c += glow_rgb * (g * g * g * exp(-5.0 * z) + 0.5 * s8);
    c += step(0.9993, s) * step(0.0, sun_enu.z + 0.02) * 4.0 * sun_rgb;
    float azimuth = atan(d.x, d.y);
    // A loop of one turn or none: software GL runs both ways of a branch, but leaves a loop that nobody enters.
    int starry = int(mood.w > 0.3 && d.z > 0.05);
    for (int once = 0; once < starry; once++) {
        vec2 cell = floor(vec2(azimuth, d.z * 1.2) * 160.0);
        float star = hash21(cell);
        c += step(0.9975, star) * (mood.w - 0.3) * mix(0.25, 0.9, fract(star * 4001.0)) * smoothstep(0.05, 0.3, d.z);
    }
    vec3 fog = haze_rgb(d);
    float w = max(fwidth(d.z), 1e-5);
    float far_hill = 0.004 + 0.020 * ridge(azimuth, 1.7), near_hill = 0.001 + 0.011 * ridge(azimuth + 1.1, 5.2);
    vec3 hill = mix(fog, vec3(0.36, 0.42, 0.44) * (up_rgb + 0.35 * sun_rgb), 0.16);
    c = mix(c, hill, saturate((far_hill - d.z) / w + 0.5) * 0.85);
    c = mix(c, mix(fog, vec3(0.33, 0.39, 0.33) * (up_rgb + 0.35 * sun_rgb), 0.22), saturate((near_hill - d.z) / w + 0.5));
    c = mix(c, fog, saturate(-d.z * 60.0));
    pixel = toned(c);
}
