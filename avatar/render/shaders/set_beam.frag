#version 330
in vec2 at;
in vec4 tint;
out vec4 fragment;
void main() {
    float across = 1.0 - at.x * at.x;
    float along = (1.0 - at.y) * (1.0 - at.y);
    fragment = vec4(tint.rgb * tint.a * across * across * (0.15 + 0.85 * along) * smoothstep(1.0, 0.85, at.y), 1.0);
}
