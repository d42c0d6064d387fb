// Skins each vertex once per frame; the result is captured by transform feedback and drawn by every pass.
in vec3 in_position;
in vec3 in_normal;
in uvec4 in_joints;
in vec4 in_weights;
uniform sampler2D u_joints;  // three texels per matrix row, 256 matrices per line
out vec3 o_position;
out vec3 o_normal;

mat3x4 joint(uint index) {
    ivec2 at = ivec2(int(index & 255u) * 3, int(index >> 8u));
    return mat3x4(texelFetch(u_joints, at, 0), texelFetch(u_joints, at + ivec2(1, 0), 0),
                  texelFetch(u_joints, at + ivec2(2, 0), 0));
}

void main() {
#if INFLUENCES == 1
    mat3x4 m = joint(in_joints.x) * in_weights.x;
#else
    mat3x4 m = joint(in_joints.x) * in_weights.x + joint(in_joints.y) * in_weights.y;
#endif
#if INFLUENCES == 4
    m += joint(in_joints.z) * in_weights.z + joint(in_joints.w) * in_weights.w;
#endif
    o_position = vec4(in_position, 1.0) * m;
    vec3 n = vec4(in_normal, 0.0) * m;
    o_normal = n * inversesqrt(max(dot(n, n), 1e-12));
}
