in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
#ifdef UV2
in vec2 in_uv2;
out vec2 v_uv2;
#endif
#ifdef COLOR
in vec4 in_color;
out vec4 v_color;
#endif
#ifdef OUTLINE_MAP
uniform sampler2D u_outline_map;
#endif
out vec3 v_normal;
out vec2 v_uv;
#ifdef VIEW
out vec3 v_view;
#endif

void main() {
    vec3 position = in_position;
    v_normal = in_normal;
#ifdef PLACED
    v_uv = in_uv;
#else
    v_uv = vec2(dot(material.uv_x.xyz, vec3(in_uv, 1.0)), dot(material.uv_y.xyz, vec3(in_uv, 1.0)));
#endif
#ifdef UV2
    v_uv2 = in_uv2;
#endif
#ifdef COLOR
    v_color = in_color;
#endif
#ifdef OUTLINE
    float width = material.edge.w;
#ifdef OUTLINE_MAP
    width *= textureLod(u_outline_map, AT(9, v_uv), 0.0).g;
#endif
#ifdef OUTLINE_SCREEN
    width *= -(scene.view * vec4(position, 1.0)).z / scene.eye.w;
#endif
    position += in_normal * width;
#endif
    gl_Position = scene.view_projection * vec4(position, 1.0);
#ifdef OUTLINE
    gl_Position.z += 1e-6 * gl_Position.w;
#endif
#ifdef VIEW
    v_view = scene.eye.xyz - position;
#endif
}
