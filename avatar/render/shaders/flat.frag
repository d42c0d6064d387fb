#version 330 core
// A vertical gradient, or one colour where both ends are alike.
uniform vec4 u_top;
uniform vec4 u_bottom;
uniform float u_height;
out vec4 f_color;

void main() { f_color = mix(u_bottom, u_top, gl_FragCoord.y / u_height); }
