layout(std140) uniform Scene {
    mat4 view_projection;
    mat4 view;
    vec4 eye;        // camera position; w: projection[1][1]
    vec4 key_to;     // towards the key light
    vec4 key;        // linear colour
    vec4 rim_to;
    vec4 rim_light;
    vec4 ambient;
} scene;
layout(std140) uniform Material {
    vec4 lit;
    vec4 shade;      // w: shading shift
    vec4 emissive;   // w: shading toony
    vec4 rim;        // w: rim lighting mix
    vec4 edge;       // rim power, rim lift, alpha cutoff, outline width
    vec4 outline;    // w: outline lighting mix
    vec4 matcap;     // w: shift map scale
    vec4 uv_x;       // base texture transform, first row; w: metallic
    vec4 uv_y;       // second row; w: roughness
    vec4 uv_move;    // scroll x, scroll y, rotation; w: normal map scale
} material;
