// A roof at dusk: afterglow, a city with lit windows, an equaliser of neon bars, wet concrete.
float bars(vec2 p, float top) {
    // Sixteen bars along the roof's edge; heights move slowly by hash and breathe with the beat.
    float i = floor(p.x / 0.55);
    float inside = smoothstep(0.46, 0.42, abs(fract(p.x / 0.55) - 0.5));
    float wave = texture(clouds, vec2(i * 0.071, seconds * 0.11)).r;
    float height = top * (0.16 + (0.35 + 0.65 * energy) * wave * (0.72 + 0.28 * beat));
    float cells = smoothstep(0.12, 0.2, fract(p.y / 0.16)) ;
    float on = step(0.0, p.y) * smoothstep(height + 0.05, height - 0.05, p.y);
    return inside * cells * on * step(abs(p.x), 6.0);
}

vec3 sky(vec3 d) {
    vec3 n = normalize(d);
    float up = clamp(n.y * 1.9 + 0.10, 0.0, 1.0);
    vec3 glow = mix(accent_colour, vec3(1.0, 0.62, 0.40), 0.35);
    vec3 c = mix(glow * 0.40, main_colour * 0.42, smoothstep(0.0, 0.42, up));
    c = mix(c, main_colour * 0.15, smoothstep(0.35, 1.0, up));
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
    float eq = bars(near - vec2(0.0, 0.55), 1.7);
    vec3 hue = mix(second_colour, light_colour, clamp(near.y / 2.2, 0.0, 1.0));
    c = mix(c, hue * 0.60, eq * (0.38 + 0.30 * energy));
    // The parapet and its strip of neon.
    float wall = smoothstep(0.57, 0.54, near.y);
    c = mix(c, main_colour * 0.20, wall);
    c += second_colour * exp(-pow((near.y - 0.52) * 26.0, 2.0)) * (0.30 + 0.30 * energy);
    c += second_colour * exp(-pow((near.y - 0.52) * 3.5, 2.0)) * 0.06;
    return c;
}

void main() {
    vec3 d = ray;
    vec3 c = vec3(0.0);
    bool ground = false;
    if (d.y < -1e-5 && eye.y > 0.0) {
        vec3 p = eye + d * (-eye.y / d.y);
        if (p.z > -4.0) {
            ground = true;
            float wet = texture(clouds, p.xz * 0.21).r;
            vec3 m = behind(vec3(p.x + (wet - 0.5) * 0.3, 0.0, p.z), vec3(d.x, -d.y, d.z), 2.0);
            float down = -normalize(d).y;
            float r = length(p.xz);
            c = main_colour * 0.14 + vec3(0.03, 0.03, 0.035) * (0.5 + wet);
            c += m * fresnel(down) * smoothstep(0.30, 0.70, wet + 0.12);
            c += mix(light_colour, vec3(1.0), 0.4) * exp(-r * r * 0.5) * (0.10 + 0.12 * energy);
            c *= contact(p.xz + vec2(0.0, 0.02));
        }
    }
    if (!ground) c = behind(eye, d, 0.0);
    fragment = vec4(c, 1.0);
}
