using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using QemuZeroCopy.Interop.Convert;

namespace QemuZeroCopy.Pipeline.Convert.Cpu;

/// <summary>
/// The conversion in Vector128, for CPUs without a native kernel (ARM64, old x86): the same walk and the same
/// bytes as native/convert. Four pixels at a time, one in each 32-bit lane.
/// </summary>
internal static unsafe class PortableKernel
{
    private const int Chunk = ConvertKernels.ChunkPixels;

    // 16384 pixels; see FrameMailbox's and PictureSize's limits.
    private const int MaxChunks = 256;

    public static void Nv12(in ConvertStrip strip)
    {
        ulong* seen = stackalloc ulong[MaxChunks];
        uint* above = stackalloc uint[Chunk];
        uint* below = stackalloc uint[Chunk];
        var layout = new Layout(strip);
        int chunks = (strip.Width + Chunk - 1) / Chunk;
        for (int row = 0; row < strip.Rows; row += 2)
        {
            if (row % 16 == 0)
                new Span<ulong>(seen, chunks).Clear();
            byte* s0 = strip.Source + Math.Min(row, strip.Height - 1) * strip.SourceStride;
            byte* s1 = strip.Source + Math.Min(row + 1, strip.Height - 1) * strip.SourceStride;
            byte* y = strip.Plane0 + row * strip.Stride;
            byte* uv = strip.Plane1 + row / 2 * strip.Stride;
            for (int c = 0; c < chunks; c++)
            {
                int left = Math.Min(Chunk, strip.Width - c * Chunk), at = c * Chunk;
                uint* p0 = Pixels(s0 + at * 4, left, above), p1 = Pixels(s1 + at * 4, left, below);
                seen[c] |= Plane(p0, y + at, layout.Y) | Plane(p1, y + strip.Stride + at, layout.Y) | Chroma(p0, p1, uv + at, layout);
            }

            if (row % 16 == 14)
                Publish(strip, row / 16, chunks, seen);
        }
    }

    public static void Yuv444(in ConvertStrip strip)
    {
        ulong* seen = stackalloc ulong[MaxChunks];
        uint* scratch = stackalloc uint[Chunk];
        var layout = new Layout(strip);
        int chunks = (strip.Width + Chunk - 1) / Chunk;
        for (int row = 0; row < strip.Rows; row++)
        {
            if (row % 16 == 0)
                new Span<ulong>(seen, chunks).Clear();
            byte* source = strip.Source + Math.Min(row, strip.Height - 1) * strip.SourceStride;
            nint line = row * strip.Stride;
            for (int c = 0; c < chunks; c++)
            {
                int at = c * Chunk;
                uint* pixels = Pixels(source + at * 4, Math.Min(Chunk, strip.Width - at), scratch);
                seen[c] |= Plane(pixels, strip.Plane0 + line + at, layout.Y) | Plane(pixels, strip.Plane1 + line + at, layout.Cb)
                    | Plane(pixels, strip.Plane2 + line + at, layout.Cr);
            }

            if (row % 16 == 15)
                Publish(strip, row / 16, chunks, seen);
        }
    }

    // The right edge: the rest of the row, and its last pixel over and over.
    private static uint* Pixels(byte* source, int count, uint* scratch)
    {
        if (count >= Chunk)
            return (uint*)source;
        new ReadOnlySpan<byte>(source, count * 4).CopyTo(new Span<byte>(scratch, count * 4));
        new Span<uint>(scratch + count, Chunk - count).Fill(scratch[count - 1]);
        return scratch;
    }

    private static ulong Plane(uint* pixels, byte* to, in Weights weights)
    {
        ulong differs = 0;
        for (int i = 0; i < Chunk; i += 16)
        {
            Vector128<ushort> low = Vector128.Narrow(weights.Apply(Vector128.Load(pixels + i)), weights.Apply(Vector128.Load(pixels + i + 4)));
            Vector128<ushort> high = Vector128.Narrow(weights.Apply(Vector128.Load(pixels + i + 8)), weights.Apply(Vector128.Load(pixels + i + 12)));
            differs |= (ulong)Put(to + i, Vector128.Narrow(low, high)) << i;
        }

        return differs;
    }

    private static ulong Chroma(uint* above, uint* below, byte* to, in Layout layout)
    {
        ulong differs = 0;
        for (int i = 0; i < Chunk; i += 16)
        {
            Vector128<ushort> low = Pair(above + i, below + i, layout), high = Pair(above + i + 8, below + i + 8, layout);
            differs |= (ulong)Put(to + i, Vector128.Narrow(low, high)) << i;
        }

        return differs;
    }

    // Four pairs of Cb and Cr out of 8 × 2 pixels.
    private static Vector128<ushort> Pair(uint* above, uint* below, in Layout layout)
    {
        Vector128<byte> a = Mean(Vector128.Load(above).AsByte(), Vector128.Load(below).AsByte());
        Vector128<byte> b = Mean(Vector128.Load(above + 4).AsByte(), Vector128.Load(below + 4).AsByte());
        Vector128<uint> even = Vector128.Create(
            Vector128.Shuffle(a.AsUInt32(), Vector128.Create(0u, 2, 0, 0)).GetLower(), Vector128.Shuffle(b.AsUInt32(), Vector128.Create(0u, 2, 0, 0)).GetLower());
        Vector128<uint> odd = Vector128.Create(
            Vector128.Shuffle(a.AsUInt32(), Vector128.Create(1u, 3, 0, 0)).GetLower(), Vector128.Shuffle(b.AsUInt32(), Vector128.Create(1u, 3, 0, 0)).GetLower());
        Vector128<uint> mean = Mean(even.AsByte(), odd.AsByte()).AsUInt32();
        return (layout.Cb.Apply(mean) | layout.Cr.Apply(mean) << 16).AsUInt16();
    }

    // (a + b + 1) / 2 for each byte, without a wider type.
    private static Vector128<byte> Mean(Vector128<byte> a, Vector128<byte> b) =>
        (a | b) - (Vector128.ShiftRightLogical((a ^ b).AsUInt16(), 1) & Vector128.Create((ushort)0x7f7f)).AsByte();

    private static uint Put(byte* to, Vector128<byte> samples)
    {
        uint differs = ~Vector128.Equals(samples, Vector128.Load(to)).ExtractMostSignificantBits() & 0xffff;
        if (differs != 0)
            samples.Store(to);
        return differs;
    }

    private static void Publish(in ConvertStrip strip, int row, int chunks, ulong* seen)
    {
        ulong* words = strip.Changed + row * strip.WordsPerRow;
        for (int c = 0; c < chunks; c++)
        {
            ulong blocks = 0;
            for (int block = 0; block < 4; block++)
            {
                if ((seen[c] >> (block * 16) & 0xffff) != 0)
                    blocks |= 1UL << block;
            }

            int at = strip.FirstChunk + c;
            words[at >> 4] |= blocks << ((at & 15) * 4);
        }
    }

    /// <summary>One output component: which factor the byte at each place of a pixel has.</summary>
    private readonly struct Weights(in ConvertStrip strip, int component, uint bias, uint scale)
    {
        private readonly Vector128<int> _byte0 = Vector128.Create((int)strip.Coefficients[component * 4]);
        private readonly Vector128<int> _byte1 = Vector128.Create((int)strip.Coefficients[component * 4 + 1]);
        private readonly Vector128<int> _byte2 = Vector128.Create((int)strip.Coefficients[component * 4 + 2]);
        private readonly Vector128<int> _byte3 = Vector128.Create((int)strip.Coefficients[component * 4 + 3]);
        private readonly Vector128<int> _bias = Vector128.Create((int)bias);
        private readonly Vector128<uint> _scale = Vector128.Create(scale);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector128<uint> Apply(Vector128<uint> pixels)
        {
            Vector128<uint> mask = Vector128.Create(255u);
            Vector128<int> sum = (pixels & mask).AsInt32() * _byte0 + (pixels >>> 8 & mask).AsInt32() * _byte1
                + (pixels >>> 16 & mask).AsInt32() * _byte2 + (pixels >>> 24).AsInt32() * _byte3 + _bias;
            return sum.AsUInt32() * _scale >>> 16;
        }
    }

    private readonly struct Layout(in ConvertStrip strip)
    {
        public readonly Weights Y = new(strip, 0, Bt709.LumaBias, Bt709.LumaScale);
        public readonly Weights Cb = new(strip, 1, Bt709.ChromaBias, Bt709.ChromaScale);
        public readonly Weights Cr = new(strip, 2, Bt709.ChromaBias, Bt709.ChromaScale);
    }
}
