#version 330 core
// One byte of an I420 picture (BT.709, limited range, top row first): the whole Y plane, then U, then V, each packed row
// after row into lines as wide as the picture. ITU-R BT.709-6, 3.5; a chroma sample is the mean of four pixels.
uniform sampler2D u_picture; // sRGB, lowest row first
uniform ivec2 u_size; // of the picture, even numbers
out float o_byte;

const vec3 LUMA = vec3(0.2126, 0.7152, 0.0722);

vec3 pixel(int x, int row) {
    return texelFetch(u_picture, ivec2(x, u_size.y - 1 - row), 0).rgb;
}

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    if (at.y < u_size.y) {
        o_byte = (16.0 + 219.0 * dot(LUMA, pixel(at.x, at.y))) / 255.0;
        return;
    }
    ivec2 chroma = u_size / 2;
    int index = (at.y - u_size.y) * u_size.x + at.x;
    int area = chroma.x * chroma.y;
    bool red = index >= area;
    index -= red ? area : 0;
    int x = 2 * (index % chroma.x), row = 2 * (index / chroma.x);
    vec3 mean = 0.25 * (pixel(x, row) + pixel(x + 1, row) + pixel(x, row + 1) + pixel(x + 1, row + 1));
    float luma = dot(LUMA, mean);
    float difference = red ? (mean.r - luma) / 1.5748 : (mean.b - luma) / 1.8556;
    o_byte = (128.0 + 224.0 * difference) / 255.0;
}
