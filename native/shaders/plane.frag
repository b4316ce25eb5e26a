#version 310 es
// Brings converted NV12 from the buffer that nv12.comp wrote into an encoder's surface.
precision highp float;
precision highp int;

layout(location = 3) uniform uint offsetWords;
layout(location = 4) uniform uint strideWords;
layout(location = 5) uniform uint twoChannels;
layout(std430, binding = 3) readonly buffer Picture { uint words[]; };
layout(location = 0) out vec4 color;

void main() {
    uvec2 at = uvec2(gl_FragCoord.xy);
    uint byteInRow = twoChannels != 0u ? at.x * 2u : at.x;
    uint word = words[offsetWords + at.y * strideWords + (byteInRow >> 2)] >> (8u * (byteInRow & 3u));
    color = vec4(float(word & 255u), float((word >> 8) & 255u), 0.0, 0.0) / 255.0;
}
