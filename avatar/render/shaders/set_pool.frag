// One pool of light in the dark, fog that drifts, and a back curtain one can only guess.
vec3 curtain(vec3 from, vec3 d) {
    float t = (-4.6 - from.z) / min(d.z, -1e-3);
    vec2 p = from.xy + d.xy * min(t, 60.0);
    float folds = 0.5 + 0.5 * sin(p.x * 5.2 + 1.4 * sin(p.x * 1.7));
    folds = mix(folds, folds * folds, 0.6);
    vec2 q = p * vec2(0.27, 0.36) - vec2(0.0, 0.72);
    float shade = exp(-dot(q, q)) * step(d.z, 0.0);
    // Velvet gathers darkness at its hem, so that floor and curtain meet without a line.
    shade *= smoothstep(-0.1, 1.3, p.y);
    vec3 c = main_colour * (0.07 + 0.62 * shade * (0.30 + 0.70 * folds));
    return c + mix(light_colour, main_colour, 0.3) * shade * folds * (0.06 + 0.10 * energy + 0.02 * bar);
}

void main() {
    vec3 d = ray;
    vec3 n = normalize(d);
    vec3 c;
    vec3 p = eye + d * (-eye.y / min(d.y, -1e-5));
    bool ground = d.y < 0.0 && eye.y > 0.0 && p.z > -4.6;
    c = curtain(ground ? p : eye, ground ? vec3(d.x, -d.y, d.z) : d);
    if (ground) {
        float r = length(p.xz * vec2(1.0, 1.05));
        float edge = 1.0 - smoothstep(0.85, 1.62, r);
        float fall = exp(-r * r * 0.10);
        c = main_colour * (0.05 + 0.07 * fall) + c * fresnel(-n.y) * 0.6;
        vec3 warm = mix(light_colour, vec3(1.0, 0.93, 0.82), 0.62);
        c += warm * edge * (0.26 + 0.18 * energy + 0.03 * bar) * (0.75 + 0.25 * texture(clouds, p.xz * 0.35).r);
        c += warm * exp(-r * r * 0.25) * 0.06;
        c *= contact(p.xz + vec2(0.0, 0.02));
    }
    // The cone above her: brightness of the air along the ray where it passes the shaft of light.
    float t = clamp(-dot(eye.xz, n.xz) / max(dot(n.xz, n.xz), 1e-4), 0.0, 40.0);
    vec3 near = eye + n * t;
    float radius = 0.30 + 1.0 * clamp((3.6 - near.y) / 3.6, 0.0, 1.2);
    float shaft = exp(-pow(length(near.xz) / radius, 4.0)) * smoothstep(-0.2, 0.5, near.y);
    float mist = texture(clouds, vec2(n.x * 0.9 + seconds * 0.006, n.y * 1.2 - seconds * 0.004)).r;
    vec3 lamp = mix(light_colour, vec3(1.0, 0.95, 0.9), 0.5);
    c += lamp * shaft * (0.10 + 0.13 * beams + 0.02 * bar * energy) * (0.35 + mist) * smoothstep(-0.1, 2.6, near.y);
    // The lamp's own edge: a thin brighter rim of the cone.
    float rim = (length(near.xz) / radius - 0.93) * 9.0;
    c += lamp * (0.03 + 0.05 * beams) / (1.0 + rim * rim) * smoothstep(0.4, 3.2, near.y);
    // Fog: two layers that drift against each other, thick at the floor.
    float low = texture(clouds, n.xy * vec2(0.9, 1.7) + vec2(seconds * 0.011, 0.0)).r;
    float fog = low * mist * exp(-max(n.y + 0.16, 0.0) * 6.5) * (n.y < -0.16 ? exp((n.y + 0.16) * 5.0) : 1.0);
    c += mix(main_colour, vec3(0.72, 0.76, 0.86), 0.34) * fog * (0.34 + 0.16 * energy);
    fragment = vec4(toned(c), 1.0);
}
