// MToon (VRMC_materials_mtoon 1.0), unlit and glTF metallic-roughness with one key light; defines choose the parts.
#ifdef ANGLES
in float v_lit;
#if defined(RIM) || defined(BACKLIGHT)
in float v_facing;
#endif
#ifdef BACKLIGHT
in float v_behind;
#endif
#else
in vec3 v_normal;
#endif
in vec2 v_uv;
#ifdef UV2
in vec2 v_uv2;
#endif
#ifdef COLOR
in vec4 v_color;
#endif
#ifdef VIEW
in vec3 v_view;
#endif
#ifdef BASE
uniform sampler2D u_base;
#endif
#ifdef SHADE_MAP
uniform sampler2D u_shade_map;
#endif
#ifdef NORMAL_MAP
uniform sampler2D u_normal;
#endif
#ifdef EMISSIVE_MAP
uniform sampler2D u_emissive_map;
#endif
#ifdef SHIFT_MAP
uniform sampler2D u_shift_map;
#endif
#ifdef MATCAP
uniform sampler2D u_matcap;
#endif
#ifdef RIM_MAP
uniform sampler2D u_rim_map;
#endif
#ifdef UV_MASK
uniform sampler2D u_uv_mask;
#endif
#ifdef METAL_ROUGH
uniform sampler2D u_metal_rough;
#endif
out vec4 f_color;

// The sRGB curves (IEC 61966-2-1) with least-maximum fits in place of powers, which cost a software renderer most of a
// fragment: at most 0.1 (to) and 0.3 (from) of a step of 255 away.
vec3 to_srgb(vec3 c) {
    c = clamp(c, 0.0, 1.0);
    vec3 s = sqrt(c);
    return mix(0.83367 * s + 0.298175 * sqrt(s) - 0.055289 * c - 0.076918, c * 12.92, lessThan(c, vec3(0.0031308)));
}

// Colour textures are stored as they are and made linear here: 8-bit filtering is far cheaper than an sRGB sampler's.
vec3 linear(vec3 x) {
    vec3 c = ((0.33044006 * x + 0.65641369) * x + 0.01413617) * x + 0.00155298;
    return mix(c, x * (1.0 / 12.92), lessThan(x, vec3(0.04045)));
}

#ifdef NORMAL_MAP
// Tangent frame from derivatives (Christian Schueler, "Followup: normal mapping without precomputed tangents").
vec3 bumped(vec3 n, vec2 uv) {
    vec3 q0 = dFdx(-v_view), q1 = dFdy(-v_view);
    vec2 s0 = dFdx(uv), s1 = dFdy(uv);
    vec3 p1 = cross(q1, n), p0 = cross(n, q0);
    vec3 t = p1 * s0.x + p0 * s1.x, b = p1 * s0.y + p0 * s1.y;
    float size = max(dot(t, t), dot(b, b));
    float scale = size == 0.0 ? 0.0 : inversesqrt(size);
    vec3 m = texture(u_normal, uv).xyz * 2.0 - 1.0;
    m.xy *= material.uv_move.w;
    return normalize(t * (scale * m.x) + b * (-scale * m.y) + n * m.z);
}
#endif

#ifdef PBR
vec3 physical(vec3 base, vec3 n, vec3 v, float metal, float rough) {
    vec3 d = max(abs(dFdx(v_normal)), abs(dFdy(v_normal)));
    rough = min(max(rough, 0.045) + max(max(d.x, d.y), d.z), 1.0);
    vec3 l = h_key_to, h = normalize(l + v);
    float nl = clamp(dot(n, l), 0.0, 1.0), nv = clamp(dot(n, v), 0.0, 1.0);
    float nh = clamp(dot(n, h), 0.0, 1.0), vh = clamp(dot(v, h), 0.0, 1.0);
    vec3 f0 = mix(vec3(0.04), base, metal);
    float fresnel = exp2((-5.55473 * vh - 6.98316) * vh);
    float a = rough * rough, a2 = a * a;
    float gv = nl * sqrt(a2 + (1.0 - a2) * nv * nv), gl = nv * sqrt(a2 + (1.0 - a2) * nl * nl);
    float q = nh * nh * (a2 - 1.0) + 1.0;
    // pi of the light's intensity cancels the 1/pi of both lobes
    vec3 specular = (f0 * (1.0 - fresnel) + fresnel) * (0.5 / max(gv + gl, 1e-6)) * a2 / (q * q);
    // Energy lost to multiple scattering (Turquin 2019). What one scattering keeps of a white furnace is a least-squares
    // fit, in roughness and n.v, of the integral over the GGX lobe: 0.007 off on average, 0.04 at most.
    vec4 nv3 = vec4(1.0, nv, nv * nv, nv * nv * nv);
    vec4 lost = vec4(dot(vec4(1.1255, -8.5606, 15.8054, -8.2525), nv3), dot(vec4(-4.1799, 44.2027, -91.1942, 49.8508), nv3),
                     dot(vec4(5.2607, -61.952, 140.0868, -79.3552), nv3), dot(vec4(-2.1356, 28.1701, -67.0424, 38.8803), nv3));
    float single = clamp(1.0 - dot(lost, rough * vec4(1.0, rough, rough * rough, rough * rough * rough)), 0.2, 1.0);
    specular *= 1.0 + f0 * (1.0 / single - 1.0);
    vec3 diffuse = base * (1.0 - metal) * (1.0 - (0.04 * (1.0 - fresnel) + fresnel));
    return (diffuse + specular) * nl * h_key + base * h_ambient * (1.0 - 0.5 * metal);
}
#endif

#ifdef PLAIN
void main() {
    f_color = vec4(to_srgb(h_outline.rgb * (1.0 - h_outline.w)), 1.0);  // either is 0
}
#else
void main() {
    vec2 uv = v_uv;
#if defined(UV_MOVE) && defined(UV_MASK)
    uv = uv_moved(uv, material.uv_move.xyz, texture(u_uv_mask, AT(7, uv)).b);
#endif
    vec4 base = h_lit;
#ifdef BASE
    vec4 sampled = texture(u_base, AT(0, uv));
#ifdef CODED
    base.a *= sampled.a;
#else
    sampled.rgb = linear(sampled.rgb);
    base *= sampled;
#endif
#endif
#ifdef COLOR
    base *= v_color;
#endif
#ifdef MASK
    if (base.a < h_cutoff) discard;
#endif
#if defined(UNLIT) && defined(CODED)
    vec3 col = h_low.rgb;
#elif defined(UNLIT)
    vec3 col = base.rgb;
#else
#ifdef ANGLES
#ifdef DOUBLE
    float side = gl_FrontFacing ? 1.0 : -1.0;
#else
    const float side = 1.0;
#endif
    float light = side * v_lit;
#if defined(RIM) || defined(BACKLIGHT)
    float facing = side * v_facing;
#endif
#ifdef BACKLIGHT
    float behind = side * v_behind;
#endif
#else
#ifdef FLAT
    vec3 n = normalize(cross(dFdx(v_view), dFdy(v_view)));
#else
    vec3 n = normalize(v_normal);
#ifdef DOUBLE
    if (!gl_FrontFacing) n = -n;
#endif
#endif
#ifdef VIEW
    vec3 v = normalize(v_view);
#endif
#ifdef NORMAL_MAP
    n = bumped(n, AT(2, uv));
#endif
#ifdef VIEW
    float facing = dot(v, n);
#endif
#ifdef BACKLIGHT
    float behind = dot(n, h_rim_to);
#endif
#ifdef MTOON
    float light = dot(n, h_key_to) * h_shade.w;
#endif
#endif
#ifdef PBR
    float metal = h_metal_rough.x, rough = h_metal_rough.y;
#ifdef METAL_ROUGH
    vec4 mr = texture(u_metal_rough, AT(8, uv));
    metal *= mr.b;
    rough *= mr.g;
#endif
    vec3 col = physical(base.rgb, n, v, metal, rough);
#else
    light += h_low.w;
#ifdef SHIFT_MAP
    light += texture(u_shift_map, AT(4, uv)).r * material.matcap.w;
#endif
    light = clamp(light, 0.0, 1.0);
#if defined(CODED)
    vec3 col = h_low.rgb + light * (h_rise.rgb + light * h_curve);
#elif defined(ONE_MAP)
    vec3 col = h_low.rgb + light * h_rise.rgb;
#ifdef BASE
    col *= sampled.rgb;
#endif
#else
    vec3 full = base.rgb, shade = h_shade.rgb;
#ifdef SHADE_MAP
    shade *= linear(texture(u_shade_map, AT(1, uv)).rgb);
#endif
    vec3 col = h_key * mix(shade, full, light);
#ifdef V0
    col = min(col, full);
#endif
    col += h_ambient * full;
#endif
#if defined(RIM) || defined(MATCAP)
    vec3 glow = vec3(0.0);
#ifdef RIM
    float edge = clamp(1.0 - facing + h_rise.w, 0.0, 1.0);
#ifdef RIM_POWER
    float grown = edge;  // a whole power is a few products
    for (int i = 1; i < RIM_POWER; i++) grown *= edge;
#else
    float grown = pow(edge, h_rim_power);
#endif
    glow += h_shine * grown;
#endif
#ifdef MATCAP
    vec3 x = normalize(vec3(v.z, 0.0, -v.x));
    vec3 y = cross(v, x);
    vec2 ball = 0.5 + 0.5 * vec2(dot(x, n), -dot(y, n));
    glow += h_matcap * linear(texture(u_matcap, AT(5, ball)).rgb);
#endif
#ifdef RIM_MAP
    glow *= linear(texture(u_rim_map, AT(6, uv)).rgb);
#endif
    col += glow;
#endif
#endif
#ifdef EMISSION
    vec3 emission = h_emissive;
#ifdef EMISSIVE_MAP
    emission *= linear(texture(u_emissive_map, AT(3, uv)).rgb);
#endif
    col += emission;
#endif
#ifdef BACKLIGHT
    // Normals of a hair volume may point away from the viewer: no rim there.
    float grazing = 1.0 - min(abs(facing), 1.0);
    col += h_rim_light * (grazing * grazing * grazing * clamp(behind + 0.3, 0.0, 1.0));
#endif
#endif
#ifdef CODED
    // Nothing is added to the light, so that it multiplies what the texture stores: the curve beyond its toe is a power,
    // and the power of a product is the product of the powers.
#ifdef BASE
    f_color = vec4((sampled.rgb + 0.055) * col - 0.055, 1.0);
#else
    f_color = vec4(1.055 * col - 0.055, 1.0);
#endif
#else
#ifdef OUTLINE
    col = h_outline.rgb * mix(vec3(1.0), col, h_outline.w);
#endif
    f_color = vec4(to_srgb(col), 1.0);
#endif
#ifdef BLEND
    f_color.a = base.a;
#endif
}
#endif
