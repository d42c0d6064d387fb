#version 330 core
// The strips of the picture that the figure covers, one instance each; an empty one collapses to nothing.
uniform vec4 u_bands[32];  // left, bottom, right, top in clip space

void main() {
    vec4 b = u_bands[gl_InstanceID];
    gl_Position = vec4((gl_VertexID & 1) == 0 ? b.x : b.z, gl_VertexID < 2 ? b.y : b.w, 0.0, 1.0);
}
