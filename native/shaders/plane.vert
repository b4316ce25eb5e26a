#version 310 es
// One instance for each tile of the list: a quad over the tile's part of a plane.

layout(location = 0) in uint tile;
layout(location = 0) uniform uint tileColumns;
layout(location = 1) uniform uint tileSize;   // 64 for luma, 32 for chroma
layout(location = 2) uniform vec2 planeSize;

void main() {
    vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
    vec2 at = (vec2(float(tile % tileColumns), float(tile / tileColumns)) + corner) * float(tileSize);
    gl_Position = vec4(at / planeSize * 2.0 - 1.0, 0.0, 1.0);
}
