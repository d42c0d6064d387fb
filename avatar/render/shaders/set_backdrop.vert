#version 330
// One triangle over the whole picture; the ray through each pixel interpolates linearly on the far plane.
uniform mat4 inverse_view_projection;
uniform vec3 u_eye;
uniform vec3 u_main_colour;
uniform vec3 u_second_colour;
uniform vec3 u_accent_colour;
uniform vec3 u_light_colour;
uniform float u_seconds;
uniform float u_beat;
uniform float u_bar;
uniform float u_energy;
uniform float u_beams;
out vec3 ray;
flat out vec3 eye;
flat out vec3 main_colour;
flat out vec3 second_colour;
flat out vec3 accent_colour;
flat out vec3 light_colour;
flat out float seconds;
flat out float beat;
flat out float bar;
flat out float energy;
flat out float beams;
void main() {
    vec2 ndc = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
    vec4 far = inverse_view_projection * vec4(ndc, 1.0, 1.0);
    ray = far.xyz / far.w - u_eye;
    gl_Position = vec4(ndc, 0.0, 1.0);
    eye = u_eye;
    main_colour = u_main_colour;
    second_colour = u_second_colour;
    accent_colour = u_accent_colour;
    light_colour = u_light_colour;
    seconds = u_seconds;
    beat = u_beat;
    bar = u_bar;
    energy = u_energy;
    beams = u_beams;
}
