#version 330 core
// Y of BT.709, limited range, top row first. Inside the box the smoothed picture is taken.
uniform sampler2D u_picture;
uniform sampler2D u_smooth;
uniform ivec4 u_box;  // x0, y0, x1, y1 in rows counted from the bottom
uniform int u_height;
out float f_value;

void main() {
    ivec2 at = ivec2(int(gl_FragCoord.x), u_height - 1 - int(gl_FragCoord.y));
    bool inside = all(greaterThanEqual(at, u_box.xy)) && all(lessThan(at, u_box.zw));
    vec3 c = inside ? texelFetch(u_smooth, at, 0).rgb : texelFetch(u_picture, at, 0).rgb;
    f_value = dot(c, vec3(0.182586, 0.614231, 0.062007)) + 0.062745;
}
