#version 330 core
// Y of BT.709, limited range, top row first; four neighbours in one RGBA texel.
uniform sampler2D u_picture;
uniform int u_height;
out vec4 f_value;

void main() {
    ivec2 at = ivec2(int(gl_FragCoord.x) * 4, u_height - 1 - int(gl_FragCoord.y));
    mat4x3 c = mat4x3(texelFetch(u_picture, at, 0).rgb, texelFetch(u_picture, at + ivec2(1, 0), 0).rgb,
                      texelFetch(u_picture, at + ivec2(2, 0), 0).rgb, texelFetch(u_picture, at + ivec2(3, 0), 0).rgb);
    f_value = vec3(0.182586, 0.614231, 0.062007) * c + 0.062745;
}
