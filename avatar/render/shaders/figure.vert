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
#ifdef ANGLES
out float v_lit;
#if defined(RIM) || defined(BACKLIGHT)
out float v_facing;
#endif
#ifdef BACKLIGHT
out float v_behind;
#endif
#else
out vec3 v_normal;
#endif
out vec2 v_uv;
#ifdef VIEW
out vec3 v_view;
#endif

#ifdef MATCAP
#define TURNED(v) (mat3(scene.view) * (v))
#else
#define TURNED(v) (v)
#endif

void main() {
    vec3 position = in_position;
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
#if defined(UV_MOVE) && !defined(UV_MASK)
    v_uv = uv_moved(v_uv, material.uv_move.xyz, 1.0);
#endif
    gl_Position = scene.view_projection * vec4(position, 1.0);
#ifdef OUTLINE
    gl_Position.z += scene.key_to.w * gl_Position.w;
#endif
#ifdef ANGLES
    // Cosines run straight over a triangle where no map bends its normal: no normal and view vector to each pixel.
    v_lit = dot(in_normal, scene.key_to.xyz) * material.emissive.w;
#if defined(RIM) || defined(BACKLIGHT)
    v_facing = dot(in_normal, normalize(scene.eye.xyz - position));
#endif
#ifdef BACKLIGHT
    v_behind = dot(in_normal, scene.rim_to.xyz);
#endif
#else
    v_normal = TURNED(in_normal);
#endif
#ifdef VIEW
    v_view = TURNED(scene.eye.xyz - position);
#endif
    h_lit = material.lit;
    h_low = vec4(material.low.rgb, material.shade.w);
    h_rise = vec4(material.rise.rgb, material.edge.y);
    h_curve = material.curve.rgb;
    h_shade = vec4(material.shade.rgb, material.emissive.w);
    h_shine = material.shine.rgb;
    h_emissive = material.emissive.rgb;
    h_matcap = material.matcap.rgb * mix(vec3(1.0), scene.key.rgb + scene.ambient.rgb, material.rim.w);
    h_outline = material.outline;
    h_cutoff = material.edge.z;
    h_rim_power = material.edge.x;
    h_metal_rough = vec2(material.uv_x.w, material.uv_y.w);
    h_key = scene.key.rgb;
    h_key_to = TURNED(scene.key_to.xyz);
    h_ambient = scene.ambient.rgb;
    h_rim_light = scene.rim_light.rgb;
    h_rim_to = TURNED(scene.rim_to.xyz);
}
