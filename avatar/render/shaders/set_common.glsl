// Shared by the sets' backdrops. Colours are display values (sRGB), as the picture is composed in display space.
// Flat varyings, as in figure_blocks.glsl: a software renderer looks uniforms up anew for each pixel.
flat in vec3 eye;
flat in vec3 main_colour;
flat in vec3 second_colour;
flat in vec3 accent_colour;
flat in vec3 light_colour;   // second..accent, turned by the chord
flat in float seconds;
flat in float beat;
flat in float bar;
flat in float energy;
flat in float beams;
uniform sampler2D art;       // the set's own picture
uniform sampler2D clouds;    // soft tileable noise

in vec3 ray;
out vec4 fragment;

const float FLOOR_FADE = 0.16;

// How much of the floor's mirror is seen at this angle.
float fresnel(float down) { return mix(0.62, 0.10, clamp(down * 1.9, 0.0, 1.0)); }

// A film-like shoulder: highlights roll off instead of clipping, darks stay.
vec3 toned(vec3 c) { return c * (1.14 + c * 0.15) / (1.0 + c * 0.46); }

// A dark, soft ellipse where she stands.
float contact(vec2 p) { return 1.0 - 0.72 * exp(-dot(p * vec2(3.6, 4.6), p * vec2(3.6, 4.6))); }

// The glow of a vertical tube of light at c (x, z) from height low to high, seen along the ray d.
float tube(vec3 d, vec2 c, float low, float high, float sharp) {
    float t = dot(c - eye.xz, d.xz) / dot(d.xz, d.xz);
    vec2 miss = eye.xz + d.xz * t - c;
    float y = eye.y + d.y * t;
    float inside = smoothstep(low - 0.12, low + 0.12, y) * (1.0 - smoothstep(high - 0.12, high + 0.12, y));
    float q = dot(miss, miss) * sharp;
    return t > 0.0 ? inside * (1.0 / (1.0 + q * q)) : 0.0;
}
