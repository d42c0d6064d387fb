// A roof at dusk: afterglow, a city with lit windows, an equaliser of neon bars, wet concrete.
const float STEP = 0.30;

// Bars of an equaliser along the roof's edge: how lit a point is. Heights drift by noise and breathe with the beat.
float bars(vec2 p, float top, float soften) {
    float i = floor(p.x / STEP);
    float across = smoothstep(0.40, 0.34, abs(fract(p.x / STEP) - 0.5));
    float wave = texture(clouds, vec2(i * 0.173, seconds * 0.13)).r;
    float bow = 1.0 - 0.45 * clamp(abs(p.x) / 5.0, 0.0, 1.0);
    float height = top * bow * (0.14 + (0.25 + 0.75 * energy) * smoothstep(0.12, 0.74, wave) * (0.93 + 0.07 * beat));
    float cell = mix(smoothstep(0.16, 0.26, fract(p.y / 0.11)), 0.85, soften);
    float level = smoothstep(height + 0.07, height - 0.05, p.y) * step(0.0, p.y);
    return across * cell * level * (0.35 + 0.65 * clamp(p.y / max(height, 0.05), 0.0, 1.0));
}

vec3 sky(vec3 d) {
    vec3 n = normalize(d);
    float up = clamp(n.y * 1.9 + 0.10, 0.0, 1.0);
    vec3 glow = mix(accent_colour, vec3(1.0, 0.62, 0.40), 0.35);
    vec3 rose = mix(glow, main_colour + vec3(0.20, 0.05, 0.22), 0.62);
    vec3 c = mix(glow * 0.62, rose * 0.46, smoothstep(0.02, 0.26, up));
    c = mix(c, main_colour * 0.40, smoothstep(0.18, 0.52, up));
    c = mix(c, main_colour * 0.16, smoothstep(0.45, 1.0, up));
    // The sun has just gone: a low disc behind the towers, and the first stars above.
    float sun = length((n.xy - vec2(-0.19, 0.045)) * vec2(1.0, 1.15));
    c += glow * (0.34 * smoothstep(0.105, 0.095, sun) + 0.20 * exp(-sun * sun * 26.0));
    float cloud = texture(clouds, vec2(n.x * 0.6 + seconds * 0.002, n.y * 2.4)).r;
    return c + glow * smoothstep(0.52, 0.8, cloud) * 0.10 * (1.0 - up);
}

vec3 behind(vec3 from, vec3 d, float soften) {
    vec3 c = sky(d);
    if (d.z > -1e-4) return c;
    vec2 far = from.xy + d.xy * ((-26.0 - from.z) / d.z);
    vec2 uv = vec2(far.x / 44.0 + 0.5, (far.y + 4.0) / 13.0);
    if (uv.y < 1.0) {
        vec3 city = texture(art, uv, soften).rgb * step(0.0, uv.y);
        vec3 body = mix(main_colour * 0.30 + accent_colour * 0.05, main_colour * 0.16, city.r);
        c = mix(c, body, smoothstep(0.2, 0.4, city.r));
        c += vec3(1.0, 0.78, 0.45) * city.g * (0.30 + 0.10 * energy);
        c += second_colour * city.b * (0.35 + 0.30 * energy + 0.06 * bar);
    }
    vec2 near = from.xy + d.xy * ((-4.0 - from.z) / d.z);
    float eq = bars(near - vec2(0.0, 0.60), 1.25, soften > 0.0 ? 1.0 : 0.0);
    vec3 hue = mix(main_colour * 2.2 + vec3(0.02, 0.08, 0.10), mix(second_colour, light_colour, 0.5), clamp((near.y - 0.6) / 0.9, 0.0, 1.0));
    c = mix(c, hue, eq * (0.34 + 0.30 * energy));
    // The parapet and its strip of neon.
    float wall = smoothstep(0.57, 0.54, near.y);
    c = mix(c, main_colour * 0.20, wall);
    c += second_colour * exp(-pow((near.y - 0.52) * 26.0, 2.0)) * (0.30 + 0.30 * energy);
    c += second_colour * exp(-pow((near.y - 0.52) * 3.5, 2.0)) * 0.06;
    return c;
}

void main() {
    vec3 d = ray;
    vec3 n = normalize(d);
    vec3 p = eye + d * (-eye.y / min(d.y, -1e-5));
    float height = eye.y + d.y * (-4.0 - eye.z) / min(d.z, -1e-3);
    float floor_part = clamp(0.5 - height / max(fwidth(height), 1e-5), 0.0, 1.0) * step(0.0, eye.y);
    bool ground = floor_part > 0.5;
    float wet = texture(clouds, p.xz * 0.21).r;
    vec3 from = ground ? vec3(p.x + (wet - 0.5) * 0.3, 0.0, p.z) : eye;
    vec3 c = behind(from, ground ? vec3(d.x, -d.y, d.z) : d, ground ? 2.0 : 0.0);
    if (floor_part > 0.0) {
        vec3 wall = c;
        float r = length(p.xz);
        c = main_colour * 0.14 + vec3(0.03, 0.03, 0.035) * (0.5 + wet) + c * fresnel(-n.y) * smoothstep(0.30, 0.70, wet + 0.12);
        c += mix(light_colour, vec3(1.0), 0.4) * exp(-r * r * 0.5) * (0.10 + 0.12 * energy);
        c *= contact(p.xz + vec2(0.0, 0.02));
        c = mix(wall, c, floor_part);
    }
    fragment = vec4(toned(c), 1.0);
}
