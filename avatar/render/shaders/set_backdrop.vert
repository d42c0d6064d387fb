#version 330
// One triangle over the whole picture; the ray through each pixel interpolates linearly on the far plane.
uniform mat4 inverse_view_projection;
uniform vec3 from;
out vec3 ray;
void main() {
    vec2 ndc = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
    vec4 far = inverse_view_projection * vec4(ndc, 1.0, 1.0);
    ray = far.xyz / far.w - from;
    gl_Position = vec4(ndc, 0.0, 1.0);
}
