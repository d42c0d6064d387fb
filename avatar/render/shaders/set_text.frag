#version 330
uniform sampler2D letters;
in vec2 uv;
flat in vec3 core;
flat in vec3 glow;
out vec4 fragment;
void main() {
    vec2 t = texture(letters, uv).rg;
    fragment = vec4(core * t.r + glow * t.g, 1.0);
}
