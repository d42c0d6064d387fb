#version 330
// Letters on the LED wall; mirror = -1 draws them upside down in the floor.
uniform mat4 view_projection;
uniform vec4 place;      // centre x, y, half width, half height (metres)
uniform float depth;
uniform float mirror;
uniform vec3 colour;
uniform vec3 halo;
uniform float strength;
out vec2 uv;
flat out vec3 core;
flat out vec3 glow;
void main() {
    vec2 corner = vec2(gl_VertexID % 2 == 0 ? -1.0 : 1.0, gl_VertexID < 2 ? -1.0 : 1.0);
    core = colour * strength;
    glow = halo * strength * 0.8;
    uv = corner * 0.5 + 0.5;
    vec3 p = vec3(place.x + corner.x * place.z, (place.y + corner.y * place.w) * mirror, depth);
    gl_Position = view_projection * vec4(p, 1.0);
}
