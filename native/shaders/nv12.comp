// One work group turns one 64x64 tile of RGB into NV12 (BT.709, limited range) and tells which of its
// 16 macroblocks differ from the last picture. Built for Vulkan by glslc (src/Pipeline/Shaders.targets)
// with SOURCE_IMAGE and TARGET_IMAGE defined or not; the GLES converter compiles the same text itself.

#ifdef VULKAN
#define PARAMETERS layout(push_constant) uniform Parameters
#else
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp image2D;
#ifdef SOURCE_EXTERNAL
precision highp samplerExternalOES;
#endif
#define PARAMETERS layout(std140, binding = 0) uniform Parameters
#endif

layout(local_size_x = 16, local_size_y = 16) in;

// Mirrors Nv12Parameters in src/Pipeline/Convert/Nv12Parameters.cs, field by field.
PARAMETERS {
    uint width;
    uint height;
    uint paddedWidth;         // what is written: edge pixels repeated up to here, whole words
    uint paddedHeight;        // even
    uint sourceX;             // left and top edge of the visible part, for image sources
    uint sourceY;
    uint sourceOffsetBytes;   // the same for buffer sources
    uint sourceStrideBytes;
    uint bottomUp;
    uint bytesPerPixel;
    uint redShift;            // where the channels lie in a pixel's word
    uint greenShift;
    uint blueShift;
    uint redBits;             // 5, 6, 8 or 10
    uint greenBits;
    uint blueBits;
    uint lumaOffsetWords;     // 32-bit words, for buffer targets
    uint lumaStrideWords;
    uint chromaOffsetWords;
    uint chromaStrideWords;
    uint tileColumns;
    uint forceChanged;        // call every macroblock changed: there is no last picture
};

#if defined(SOURCE_EXTERNAL)
layout(binding = SOURCE_BINDING) uniform samplerExternalOES sourceImage;
#elif defined(SOURCE_IMAGE)
layout(binding = SOURCE_BINDING) uniform sampler2D sourceImage;
#else
layout(std430, binding = SOURCE_BINDING) readonly buffer Source { uint sourceWords[]; };
#endif

#ifdef TARGET_IMAGE
layout(r8, binding = LUMA_BINDING) uniform writeonly image2D lumaImage;
layout(rg8, binding = CHROMA_BINDING) uniform writeonly image2D chromaImage;
#else
layout(std430, binding = LUMA_BINDING) writeonly buffer Luma { uint lumaWords[]; };
#ifdef CHROMA_BINDING
layout(std430, binding = CHROMA_BINDING) writeonly buffer Chroma { uint chromaWords[]; };
#else
#define chromaWords lumaWords
#endif
#endif

layout(std430, binding = TILES_BINDING) readonly buffer Tiles { uint tiles[]; };
layout(std430, binding = HASHES_BINDING) buffer Hashes { uvec2 hashes[]; };       // 16 for each tile of the picture
layout(std430, binding = CHANGED_BINDING) writeonly buffer Changed { uint changedMasks[]; }; // one for each work group

shared uint hashLow[16];
shared uint hashHigh[16];
shared uint changedMask;

// 5 and 6 bits are widened by repeating the upper ones, 10 bits are cut.
uint toByte(uint word, uint shift, uint bits) {
    uint value = (word >> shift) & ((1u << bits) - 1u);
    return bits == 8u ? value : bits == 10u ? value >> 2 : (value << (8u - bits)) | (value >> (2u * bits - 8u));
}

uvec3 fetchRgb(uint x, uint y) {
    x = min(x, width - 1u);
    y = min(y, height - 1u);
    uint row = bottomUp != 0u ? height - 1u - y : y;
#ifdef SOURCE_IMAGE
    vec3 value = texelFetch(sourceImage, ivec2(sourceX + x, sourceY + row), 0).rgb;
    return redBits == 10u ? uvec3(value * 1023.0 + 0.5) >> 2 : uvec3(value * 255.0 + 0.5);
#else
    uint address = sourceOffsetBytes + row * sourceStrideBytes + x * bytesPerPixel;
    uint first = address >> 2;
    uint shift = (address & 3u) * 8u;
    uint word = sourceWords[first] >> shift;
    if (shift + bytesPerPixel * 8u > 32u) // a 24-bit pixel across two words
        word |= sourceWords[first + 1u] << (32u - shift);
    return uvec3(toByte(word, redShift, redBits), toByte(word, greenShift, greenBits), toByte(word, blueShift, blueBits));
#endif
}

// 16.16 fixed point; the rows of the chroma matrix sum to 0, so grey is exactly 128.
uint luma(uvec3 c) {
    return (c.r * 11966u + c.g * 40254u + c.b * 4064u + (16u << 16) + 32768u) >> 16;
}

uvec2 chromaOfSum(uvec3 four) {
    ivec3 c = ivec3(four);
    int cb = (-6596 * c.r - 22188 * c.g + 28784 * c.b + (128 << 18) + 131072) >> 18;
    int cr = (28784 * c.r - 26145 * c.g - 2639 * c.b + (128 << 18) + 131072) >> 18;
    return uvec2(cb, cr);
}

// A bijection of 32 bits, so that a single changed word always changes the sum.
uint scramble(uint x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

uvec2 hashOf(uint position, uint word) {
    return uvec2(scramble(word + position * 0x9e3779b9u), scramble((word ^ 0x5bd1e995u) - position * 0x85ebca6bu));
}

void storeLuma(uint x, uint y, uint word) {
#ifdef TARGET_IMAGE
    for (uint i = 0u; i < 4u; i++)
        imageStore(lumaImage, ivec2(x + i, y), vec4(float((word >> (8u * i)) & 255u) / 255.0));
#else
    lumaWords[lumaOffsetWords + y * lumaStrideWords + (x >> 2)] = word;
#endif
}

void storeChroma(uint x, uint y, uint word) {
#ifdef TARGET_IMAGE
    for (uint i = 0u; i < 2u; i++)
        imageStore(chromaImage, ivec2((x >> 1) + i, y),
            vec4(float((word >> (16u * i)) & 255u), float((word >> (16u * i + 8u)) & 255u), 0.0, 0.0) / 255.0);
#else
    chromaWords[chromaOffsetWords + y * chromaStrideWords + (x >> 2)] = word;
#endif
}

uvec2 convertBlock(uvec2 origin, uint position) {
    uvec2 hash = uvec2(0u);
    for (uint pair = 0u; pair < 2u; pair++) {
        uint y = origin.y + 2u * pair;
        if (y >= paddedHeight)
            break;
        uint upper = 0u, lower = 0u, chroma = 0u;
        for (uint i = 0u; i < 4u; i += 2u) {
            uvec3 sum = uvec3(0u);
            for (uint j = i; j < i + 2u; j++) {
                uvec3 above = fetchRgb(origin.x + j, y);
                uvec3 below = fetchRgb(origin.x + j, y + 1u);
                upper |= luma(above) << (8u * j);
                lower |= luma(below) << (8u * j);
                sum += above + below;
            }
            uvec2 c = chromaOfSum(sum);
            chroma |= (c.x | (c.y << 8)) << (8u * i);
        }
        storeLuma(origin.x, y, upper);
        storeLuma(origin.x, y + 1u, lower);
        storeChroma(origin.x, y >> 1, chroma);
        uint at = position + 3u * pair;
        hash += hashOf(at, upper) + hashOf(at + 1u, lower) + hashOf(at + 2u, chroma);
    }
    return hash;
}

void main() {
    uint local = gl_LocalInvocationIndex;
    if (local < 16u) {
        hashLow[local] = 0u;
        hashHigh[local] = 0u;
        changedMask = 0u;
    }
    barrier();

    uint tile = tiles[gl_WorkGroupID.x];
    uvec2 origin = uvec2(tile % tileColumns, tile / tileColumns) * 64u + gl_LocalInvocationID.xy * 4u;
    uvec2 block = gl_LocalInvocationID.xy >> 2;
    uint macroblock = block.y * 4u + block.x;
    bool inside = origin.x < paddedWidth && origin.y < paddedHeight;
    if (inside) {
        uvec2 hash = convertBlock(origin, local * 6u + 1u);
        atomicAdd(hashLow[macroblock], hash.x);
        atomicAdd(hashHigh[macroblock], hash.y);
    }
    barrier();

    if (local < 16u) {
        uvec2 now = uvec2(hashLow[local], hashHigh[local]);
        if (forceChanged != 0u || hashes[tile * 16u + local] != now) {
            hashes[tile * 16u + local] = now;
            atomicOr(changedMask, 1u << local);
        }
    }
    barrier();
    if (local == 0u)
        changedMasks[gl_WorkGroupID.x] = changedMask;
}
