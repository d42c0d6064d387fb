#version 330 core
// Which pixels are edges, left in the depth buffer: there the blend's early depth test skips all blocks without one.
uniform sampler2D u_picture;

float luma(vec3 c) { return c.g * 0.66 + c.r * 0.34; }  // Lottes' two-channel luma

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    float m = luma(texelFetch(u_picture, at, 0).rgb);
    float nw = luma(texelFetchOffset(u_picture, at, 0, ivec2(-1, 1)).rgb);
    float ne = luma(texelFetchOffset(u_picture, at, 0, ivec2(1, 1)).rgb);
    float sw = luma(texelFetchOffset(u_picture, at, 0, ivec2(-1, -1)).rgb);
    float se = luma(texelFetchOffset(u_picture, at, 0, ivec2(1, -1)).rgb);
    float low = min(m, min(min(nw, ne), min(sw, se))), high = max(m, max(max(nw, ne), max(sw, se)));
    if (high - low <= max(0.04, high * 0.125)) discard;
}
