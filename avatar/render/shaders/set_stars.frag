// Floating stars, a wall of LED constellations with a moon of light, a glossy floor with a ring.
const float WALL_Z = -4.2;
const vec2 WALL = vec2(5.8, 4.1);
const vec2 MOON = vec2(0.0, 1.75);

vec3 sky(vec3 n) {
    float up = clamp(n.y * 1.3 + 0.18, 0.0, 1.0);
    return mix(main_colour * 0.50 + light_colour * (0.02 + 0.05 * energy), main_colour * 0.14, up);
}

vec3 behind(vec3 from, vec3 d, float soften) {
    float t = (WALL_Z - from.z) / min(d.z, -1e-3);
    vec2 p = from.xy + d.xy * t;
    vec2 q = vec2(p.x / WALL.x, p.y / WALL.y);
    vec3 far = sky(normalize(d));
    vec3 stars = texture(art, vec2(q.x * 0.5 + 0.5, q.y), soften).rgb;
    float drift = texture(clouds, p * 0.13 + vec2(seconds * 0.006, seconds * 0.002)).r;

    // Deep blue, lighter low; clouds of the main colour move across.
    vec3 c = main_colour * (0.30 + 0.62 * drift * drift + 0.10 * energy);
    float low = clamp(1.0 - q.y * mix(1.7, 1.15, energy), 0.0, 1.0);
    vec3 wash = mix(main_colour * 2.3, light_colour, 0.12 + 0.30 * energy);
    c += wash * low * low * (0.10 + 0.26 * energy + 0.05 * beat * energy);
    // A strip of light where wall and floor meet.
    float strip = p.y * 14.0;
    c += light_colour * (0.10 + 0.34 * energy) / (1.0 + strip * strip);
    // The moon: a thin ring and a veil of light, a quiet frame for her head and shoulders.
    float r = length(p - MOON);
    float rim = abs(r - 1.42) * 16.0;
    float disc = clamp(1.0 - r * 0.46, 0.0, 1.0);
    c += second_colour * (0.10 + 0.13 * energy + 0.05 * bar) * (1.0 / (1.0 + rim * rim) + 0.10 / (1.0 + rim * 0.16 * rim * 0.16));
    c += mix(main_colour * 2.4, light_colour, 0.10 + 0.22 * energy) * disc * disc * (0.20 + 0.16 * energy + 0.03 * beat * energy);
    // A second, finer ring leans around the first like an orbit, with a bead of light that travels on it.
    vec2 o = mat2(0.93, 0.36, -0.36, 0.93) * (p - MOON) * vec2(1.0, 2.6);
    float orbit = abs(length(o) - 2.25) * 13.0;
    vec2 bead = o - 2.25 * vec2(cos(seconds * 0.21), sin(seconds * 0.21));
    c += light_colour * (0.06 + 0.10 * energy) / (1.0 + orbit * orbit) + second_colour * 0.5 / (1.0 + 60.0 * dot(bead, bead));
    // Constellations: stars and their lines; the lines brighten as a slow sweep passes.
    float sweep = 0.5 + 0.5 * sin(q.x * 3.1 + seconds * 0.35);
    c += second_colour * stars.r * (0.28 + 0.24 * energy + 0.08 * bar);
    c += mix(second_colour, light_colour, sweep) * stars.g * (0.06 + (0.10 + 0.10 * sweep) * (0.3 + energy) + 0.05 * beat * energy);
    c += vec3(0.75, 0.82, 1.0) * stars.b * 0.42;
    // Panels of the wall: seams one can just see.
    vec2 seam = abs(fract(p * vec2(1.0, 1.0)) - 0.5);
    c *= 1.0 - 0.16 * smoothstep(0.485, 0.497, max(seam.x, seam.y));

    vec2 edge = smoothstep(vec2(1.0), vec2(0.975), vec2(abs(q.x), q.y));
    return mix(far, c, edge.x * edge.y * step(d.z, 0.0));
}

vec3 towers(vec3 d) {
    float near = tube(d, vec2(-2.5, -2.2), 0.1, 2.9, 90.0) + tube(d, vec2(2.5, -2.2), 0.1, 2.9, 90.0);
    float back = tube(d, vec2(-3.9, -3.3), 0.1, 3.5, 90.0) + tube(d, vec2(3.9, -3.3), 0.1, 3.5, 90.0);
    float level = 0.12 + 0.34 * energy + 0.07 * beat * energy;
    vec3 white = mix(light_colour, vec3(1.0), 0.35);
    return level * (white * (near * near + 0.6 * back * back) + light_colour * (0.22 * near + 0.12 * back));
}

void main() {
    vec3 d = ray;
    vec3 n = normalize(d);
    float t = -eye.y / min(d.y, -1e-5);
    vec3 p = eye + d * t;
    // The line between floor and wall is where the ray meets the wall at height 0; soft by a pixel.
    float height = eye.y + d.y * (WALL_Z - eye.z) / min(d.z, -1e-3);
    float floor_part = clamp(0.5 - height / max(fwidth(height), 1e-5), 0.0, 1.0) * step(0.0, eye.y);
    bool ground = floor_part > 0.5;
    vec3 from = ground ? p : eye;
    vec3 c = behind(from, ground ? vec3(d.x, -d.y, d.z) : d, ground ? 2.0 : 0.0);
    if (floor_part > 0.0) {
        float r = length(p.xz);
        vec3 wall = c + towers(d);
        c = main_colour * 0.16 + c * fresnel(-n.y);
        c += (light_colour * 0.6 + main_colour * 0.8) * exp(-r * r * 0.50) * (0.12 + 0.20 * energy);
        float rim = (r - 1.75) * 12.0;
        c += light_colour * (0.10 + 0.30 * energy + 0.07 * bar) * (1.0 / (1.0 + rim * rim) + 0.18 / (1.0 + rim * rim * 0.03));
        // Streaks of the towers in the gloss.
        float s = (abs(p.x) - 2.5 * (1.0 + 0.18 * (p.z + 2.2))) * 3.2;
        c += light_colour * (0.04 + 0.17 * energy) / (1.0 + s * s) * exp(-abs(p.z + 2.2) * 0.9);
        c *= contact(p.xz + vec2(0.0, 0.02));
        c = mix(wall, c, floor_part);
    } else {
        c += towers(d);
    }
    // Haze gathers low over the floor.
    float h = abs(n.y + 0.07) * 4.2;
    float mist = texture(clouds, n.xy * vec2(0.7, 1.3) + vec2(seconds * 0.008, 0.0)).r;
    c += (main_colour * 0.9 + light_colour * 0.22) * mist * (0.07 + 0.12 * beams) / (1.0 + h * h * h);
    fragment = vec4(toned(c), 1.0);
}
