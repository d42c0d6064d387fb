#version 330
uniform sampler2D atlas;
in vec2 uv;
in vec4 tint;
in float light;
out vec4 fragment;
void main() {
    vec2 t = texture(atlas, uv).rg;
    fragment = vec4(tint.rgb * t.r, 1.0 - light) * (tint.a * t.g);
}
