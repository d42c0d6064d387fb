#version 330 core
// Fast approximate antialiasing (after Timothy Lottes, FXAA, 2009), the short form: edge direction and two blends. Drawn only where
// edges.frag found an edge; elsewhere the target holds the plain copy.
uniform sampler2D u_picture;
uniform vec2 u_pixel;
out vec4 f_color;

float luma(vec3 c) { return c.g * 0.66 + c.r * 0.34; }  // Lottes' two-channel luma

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    float m = luma(texelFetch(u_picture, at, 0).rgb);
    float nw = luma(texelFetchOffset(u_picture, at, 0, ivec2(-1, 1)).rgb);
    float ne = luma(texelFetchOffset(u_picture, at, 0, ivec2(1, 1)).rgb);
    float sw = luma(texelFetchOffset(u_picture, at, 0, ivec2(-1, -1)).rgb);
    float se = luma(texelFetchOffset(u_picture, at, 0, ivec2(1, -1)).rgb);
    float low = min(m, min(min(nw, ne), min(sw, se))), high = max(m, max(max(nw, ne), max(sw, se)));
    vec2 dir = vec2((sw + se) - (nw + ne), (nw + sw) - (ne + se));
    float reduce = max((nw + ne + sw + se) * 0.03125, 0.0078125);
    dir = clamp(dir / (min(abs(dir.x), abs(dir.y)) + reduce), -8.0, 8.0) * u_pixel;
    vec2 uv = gl_FragCoord.xy * u_pixel;
    vec3 a = 0.5 * (textureLod(u_picture, uv - dir * 0.16667, 0.0).rgb
                  + textureLod(u_picture, uv + dir * 0.16667, 0.0).rgb);
    vec3 b = 0.5 * a + 0.25 * (textureLod(u_picture, uv - dir * 0.5, 0.0).rgb
                             + textureLod(u_picture, uv + dir * 0.5, 0.0).rgb);
    float l = luma(b);
    f_color = vec4((l < low || l > high) ? a : b, 1.0);
}
