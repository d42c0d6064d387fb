#version 330 core
// U then V of BT.709, limited range, each half size, packed into lines of the full width (I420).
uniform sampler2D u_picture;
uniform sampler2D u_smooth;
uniform ivec4 u_box;
uniform ivec2 u_size;
out float f_value;

void main() {
    int half_width = u_size.x / 2, plane = half_width * (u_size.y / 2);
    int index = (int(gl_FragCoord.y) - u_size.y) * u_size.x + int(gl_FragCoord.x);
    bool second = index >= plane;
    index -= second ? plane : 0;
    ivec2 at = ivec2(index % half_width, index / half_width) * 2;
    at.y = u_size.y - 2 - at.y;
    bool inside = all(greaterThanEqual(at, u_box.xy)) && all(lessThan(at, u_box.zw));
    vec2 uv = (vec2(at) + 1.0) / vec2(u_size);
    vec3 c = inside ? textureLod(u_smooth, uv, 0.0).rgb : textureLod(u_picture, uv, 0.0).rgb;
    vec3 row = second ? vec3(0.439216, -0.398942, -0.040274) : vec3(-0.100644, -0.338572, 0.439216);
    f_value = dot(c, row) + 0.501961;
}
