#version 330 core
// One triangle over the whole viewport, and the colours of a vertical gradient.
uniform vec4 u_top;
uniform vec4 u_bottom;
noperspective out vec4 v_color;

void main() {
    float y = gl_VertexID == 2 ? 3.0 : -1.0;
    v_color = mix(u_bottom, u_top, y * 0.5 + 0.5);
    gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, y, 0.0, 1.0);
}
