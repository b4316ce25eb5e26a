using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.X264;
using QemuZeroCopy.Pipeline.Encode.X264;

namespace QemuZeroCopy.Pipeline.Tests.Encode.X264;

public sealed unsafe class HeldBlocksTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Held_blocks_show_what_was_sent_and_get_their_own_samples_back(bool planar444)
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int round = 0; round < 50; round++)
            Check(random, planar444);
    }

    private static void Check(Random random, bool planar444)
    {
        int columns = random.Next(1, 12), rows = random.Next(1, 8), chroma = planar444 ? 16 : 8;
        int stride = columns * 16 + random.Next(3) * 64, sentStride = columns * 16 + random.Next(3) * 32;
        int[] heights = planar444 ? [16, 16, 16] : [16, chroma];
        byte[][] own = [.. heights.Select(height => Bytes(random, stride * rows * height))];
        byte[][] sent = [.. heights.Select(height => Bytes(random, sentStride * rows * height))];
        byte*[] planes = new byte*[3], sentPlanes = new byte*[3];
        for (int i = 0; i < heights.Length; i++)
        {
            planes[i] = Copy(own[i]);
            sentPlanes[i] = Copy(sent[i]);
        }

        var picture = new X264Picture { Plane0 = planes[0], Plane1 = planes[1], Plane2 = planes[2], Stride0 = stride, Stride1 = stride, Stride2 = stride };
        var unit = new X264Unit { Plane0 = sentPlanes[0], Plane1 = sentPlanes[1], Plane2 = sentPlanes[2], Stride0 = sentStride, Stride1 = sentStride, Stride2 = sentStride };
        using var held = new HeldBlocks(columns, rows, planar444);
        for (int i = 0; i < held.Mask.Length; i++)
            held.Mask[i] = (byte)random.Next(2);
        held.Hold(picture, unit);
        for (int i = 0; i < heights.Length; i++)
        {
            for (int y = 0; y < rows * heights[i]; y++)
            {
                for (int x = 0; x < stride; x++)
                {
                    bool isHeld = x < columns * 16 && held.Mask[y / heights[i] * columns + x / 16] != 0;
                    Assert.Equal(isHeld ? sent[i][y * sentStride + x] : own[i][y * stride + x], planes[i][y * stride + x]);
                }
            }
        }

        held.Restore(picture);
        for (int i = 0; i < heights.Length; i++)
        {
            Assert.Equal(own[i], new ReadOnlySpan<byte>(planes[i], own[i].Length));
            NativeMemory.Free(planes[i]);
            NativeMemory.Free(sentPlanes[i]);
        }
    }

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte* Copy(byte[] bytes)
    {
        var memory = (byte*)NativeMemory.Alloc((nuint)bytes.Length);
        bytes.CopyTo(new Span<byte>(memory, bytes.Length));
        return memory;
    }
}
