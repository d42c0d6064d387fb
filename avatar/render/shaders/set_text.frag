#version 330
uniform sampler2D letters;
uniform vec3 colour;
uniform vec3 halo;
uniform float strength;
in vec2 uv;
out vec4 fragment;
void main() {
    vec2 t = texture(letters, uv).rg;
    fragment = vec4((colour * t.r + halo * t.g * 0.8) * strength, 1.0);
}
