#version 330 core
// A vertical gradient, or one colour where both ends are alike.
noperspective in vec4 v_color;
out vec4 f_color;

void main() { f_color = v_color; }
