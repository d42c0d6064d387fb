#version 330 core
// U then V of BT.709, limited range, each half size, four bytes in one RGBA texel of lines of the full width (I420).
uniform sampler2D u_picture;
uniform ivec2 u_size;
out vec4 f_value;

float byte_at(int index, int half_width, int plane) {
    bool second = index >= plane;
    index -= second ? plane : 0;
    ivec2 at = ivec2(index % half_width, index / half_width) * 2;
    vec2 uv = vec2(at.x + 1, u_size.y - 1 - at.y) / vec2(u_size);  // between four pixels: their mean
    vec3 row = second ? vec3(0.439216, -0.398942, -0.040274) : vec3(-0.100644, -0.338572, 0.439216);
    return dot(textureLod(u_picture, uv, 0.0).rgb, row) + 0.501961;
}

void main() {
    int half_width = u_size.x / 2, plane = half_width * (u_size.y / 2);
    int index = (int(gl_FragCoord.y) - u_size.y) * u_size.x + int(gl_FragCoord.x) * 4;
    f_value = vec4(byte_at(index, half_width, plane), byte_at(index + 1, half_width, plane),
                   byte_at(index + 2, half_width, plane), byte_at(index + 3, half_width, plane));
}
