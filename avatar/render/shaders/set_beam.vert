#version 330
// A beam: a thin trapezium from its lamp, always turned to the viewer.
uniform mat4 view_projection;
uniform vec3 eye;
in vec2 corner;        // -1..1 across, 0..1 along
in vec3 lamp;
in vec3 direction;     // length is the beam's length
in vec4 colour;
in vec2 width;         // half width at lamp and end, metres
out vec2 at;
out vec4 tint;
void main() {
    vec3 p = lamp + direction * corner.y;
    vec3 side = normalize(cross(direction, eye - p));
    p += side * corner.x * mix(width.x, width.y, corner.y);
    at = corner;
    tint = colour;
    gl_Position = view_projection * vec4(p, 1.0);
}
