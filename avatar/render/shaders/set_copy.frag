#version 330
// The small backdrop onto the whole picture: soft, as a set out of focus is.
uniform sampler2D picture;
in vec2 uv;
out vec4 fragment;
void main() { fragment = texture(picture, uv); }
