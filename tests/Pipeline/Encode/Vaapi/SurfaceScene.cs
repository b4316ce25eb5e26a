using System.Runtime.InteropServices;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.Vaapi;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode.Vaapi;

/// <summary>A moving picture that can be written to any encoder's target, as a converter would.</summary>
internal sealed unsafe partial class SurfaceScene(PictureSize size)
{
    /// <summary>What moves; the rest stays as in picture 0.</summary>
    public PixelRect Moving { get; init; } = new(0, 0, size.Width, size.Height);

    /// <summary>How much noise lies over it, from 0 to 15: detail that costs bits.</summary>
    public int Noise { get; init; }

    private readonly EncodedFramePool _pool = new();
    private readonly TileMap _changed = new(size, PictureTarget.MacroblockSize);

    public readonly record struct Result(EncodeOutcome Outcome, byte[] Data, bool IsKeyFrame)
    {
        public int Length => Data.Length;
    }

    public Result Encode(VaapiEncoder encoder, int index, bool keyFrame = false)
    {
        _changed.Clear();
        if (keyFrame || index == 0)
            _changed.Fill();
        else
            _changed.Add(Moving);
        return Encode(encoder, index, new EncodeRequest(keyFrame, 0));
    }

    /// <summary>Encodes a picture once more, as one at rest.</summary>
    public Result Refine(VaapiEncoder encoder, int index, EncodeRequest request)
    {
        _changed.Clear();
        return Encode(encoder, index, request);
    }

    private Result Encode(VaapiEncoder encoder, int index, EncodeRequest request)
    {
        PictureTarget target = encoder.AcquireTarget();
        Write(target, index);
        target.Stale.Clear();
        EncodedFrame frame = _pool.Rent();
        EncodeOutcome outcome = encoder.Encode(target, _changed, request, frame);
        var result = new Result(outcome, frame.Data.ToArray(), frame.IsKeyFrame);
        frame.Release();
        return result;
    }

    /// <summary>The picture as a decoder gives it: luma, then interleaved chroma, without padding.</summary>
    public byte[] Packed(int index)
    {
        byte[] picture = new byte[size.Width * size.Height + ChromaWidth * ChromaHeight * 2];
        for (int y = 0; y < size.Height; y++)
        {
            for (int x = 0; x < size.Width; x++)
                picture[y * size.Width + x] = Luma(x, y, index);
        }

        Span<byte> chroma = picture.AsSpan(size.Width * size.Height);
        for (int y = 0; y < ChromaHeight; y++)
        {
            for (int x = 0; x < ChromaWidth; x++)
                (chroma[(y * ChromaWidth + x) * 2], chroma[(y * ChromaWidth + x) * 2 + 1]) = Chroma(x, y, index);
        }

        return picture;
    }

    private int ChromaWidth => (size.Width + 1) / 2;

    private int ChromaHeight => (size.Height + 1) / 2;

    private byte Luma(int x, int y, int index) => (byte)(16 + ((x / 8 * 7 + y / 8 * 13 + At(x, y, index) * 5) % 200) + (Grain(x, y, At(x, y, index)) & Noise));

    private (byte Cb, byte Cr) Chroma(int x, int y, int index) =>
        ((byte)(64 + (x / 16 * 11 + At(x * 2, y * 2, index)) % 128), (byte)(64 + (y / 16 * 17 + At(x * 2, y * 2, index)) % 128));

    private static int Grain(int x, int y, int index) => (int)((uint)(x * 73856093 ^ y * 19349663 ^ index * 83492791) * 2654435761u >> 24);

    private int At(int x, int y, int index) =>
        x >= Moving.X && x < Moving.X + Moving.Width && y >= Moving.Y && y < Moving.Y + Moving.Height ? index : 0;

    private void Write(PictureTarget target, int index)
    {
        if (target is HostPicture host)
        {
            Fill(host.Luma, host.Chroma, host.Stride, host.Stride, index);
            return;
        }

        var surface = (DmaBufPicture)target;
        nuint bytes = surface.Chroma.OffsetBytes + surface.Chroma.StrideBytes * (nuint)ChromaHeight;
        byte* memory = (byte*)mmap(0, bytes, 3, 1, (int)surface.Luma.Fd.DangerousGetHandle(), 0);
        Assert.NotEqual(-1, (nint)memory);
        Fill(memory + surface.Luma.OffsetBytes, memory + surface.Chroma.OffsetBytes,
            (int)surface.Luma.StrideBytes, (int)surface.Chroma.StrideBytes, index);
        Assert.Equal(0, munmap((nint)memory, bytes));
    }

    private void Fill(byte* luma, byte* chroma, int lumaStride, int chromaStride, int index)
    {
        for (int y = 0; y < size.Height; y++)
        {
            for (int x = 0; x < size.Width; x++)
                luma[(nint)y * lumaStride + x] = Luma(x, y, index);
        }

        for (int y = 0; y < ChromaHeight; y++)
        {
            for (int x = 0; x < ChromaWidth; x++)
                (chroma[(nint)y * chromaStride + x * 2], chroma[(nint)y * chromaStride + x * 2 + 1]) = Chroma(x, y, index);
        }
    }

    [LibraryImport("libc")]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc")]
    private static partial int munmap(nint address, nuint length);
}
