#version 330
// Sprites placed in clip space by the caller: centre, half size (of the picture's height), turn and atlas cell.
uniform float aspect;
uniform float cells;
in vec2 corner;
in vec2 centre;
in vec2 size;
in float turn;
in float cell;
in vec4 colour;
in float add;          // 1 adds light, 0 covers
out vec2 uv;
out float light;
out vec4 tint;
void main() {
    vec2 q = corner * size;
    float s = sin(turn), c = cos(turn);
    vec2 p = centre + vec2((q.x * c - q.y * s) / aspect, q.x * s + q.y * c);
    uv = vec2((cell + corner.x * 0.5 + 0.5) / cells, 0.5 - corner.y * 0.5);
    tint = colour;
    light = add;
    gl_Position = vec4(p, 0.0, 1.0);
}
