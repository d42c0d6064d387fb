layout(std140) uniform Scene {
    mat4 view_projection;
    mat4 view;
    vec4 eye;        // camera position; w: projection[1][1]
    vec4 key_to;     // towards the key light; w: how deep outlines lie behind surfaces, in normalised depth
    vec4 key;        // linear colour
    vec4 rim_to;
    vec4 rim_light;
    vec4 ambient;
} scene;
layout(std140) uniform Material {
    vec4 lit;
    vec4 shade;      // w: how lit a surface edge-on to the light is
    vec4 emissive;   // w: how fast that changes with the light's cosine
    vec4 rim;        // w: rim lighting mix
    vec4 edge;       // rim power, rim lift, alpha cutoff, outline width
    vec4 outline;    // w: outline lighting mix
    vec4 matcap;     // w: shift map scale
    vec4 uv_x;       // base texture transform, first row; w: metallic
    vec4 uv_y;       // second row; w: roughness
    vec4 uv_move;    // scroll x, scroll y, rotation; w: normal map scale
    vec4 low;        // under this scene's light, as one factor of the texture: colour in full shade (surface.Lit)
    vec4 rise;       // what full light adds
    vec4 curve;      // coded: how far the way between bends
    vec4 shine;      // rim colour under this light
#ifdef PLACED
    vec4 place[20];  // each texture's transform, two rows; w: UV set, and 1: mirrored in x, 2: in y, 3: both
#endif
} material;
// What one draw call shares reaches the pixels as flat varyings: a software renderer looks a number of a uniform block up
// anew, bounds and all, for each pixel that it shades. What a shader leaves out costs nothing; one that uses all that
// goes together needs 60 numbers with its own, as many as every OpenGL 3.3 has.
#ifdef FRAGMENT
#define HELD flat in
#else
#define HELD flat out
#endif
HELD vec4 h_lit;
HELD vec4 h_low;         // w: how lit a surface edge-on to the light is
HELD vec4 h_rise;        // w: rim lift
HELD vec3 h_curve;
HELD vec4 h_shade;       // w: how fast that changes with the light's cosine
HELD vec3 h_shine;
HELD vec3 h_emissive;
HELD vec3 h_matcap;
HELD vec4 h_outline;
HELD float h_cutoff;
HELD float h_rim_power;
HELD vec2 h_metal_rough;
HELD vec3 h_key;
HELD vec3 h_key_to;      // directions, normals and views are the camera's where there is a MATCAP, else the world's
HELD vec3 h_ambient;
HELD vec3 h_rim_light;
HELD vec3 h_rim_to;
// UV animation: turned about the texture's middle by z, then moved by x and y.
vec2 uv_moved(vec2 uv, vec3 move, float part) {
    float c = cos(move.z * part), s = sin(move.z * part);
    return mat2(c, -s, s, c) * (uv - 0.5) + 0.5 + move.xy * part;
}
#ifdef PLACED
vec2 placed(int k, vec2 uv, vec2 uv2) {
    vec4 x = material.place[2 * k], y = material.place[2 * k + 1];
    vec3 at = vec3(x.w > 0.5 ? uv2 : uv, 1.0);
    vec2 p = vec2(dot(x.xyz, at), dot(y.xyz, at));
    vec2 turned = 1.0 - abs(mod(p, 2.0) - 1.0);
    return vec2(y.w == 1.0 || y.w == 3.0 ? turned.x : p.x, y.w >= 2.0 ? turned.y : p.y);
}
#ifdef UV2
#define AT(k, uv) placed(k, uv, v_uv2)
#else
#define AT(k, uv) placed(k, uv, uv)
#endif
#else
#define AT(k, uv) uv
#endif
