using System.Diagnostics;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

/// <summary>Decodes by the ffmpeg program: a decoder that knows nothing of the encoders under test.</summary>
internal static class ReferenceDecoder
{
    /// <summary>All pictures of a byte stream as packed NV12 (width × height × 3 / 2 bytes each).</summary>
    public static List<byte[]> DecodeNv12(ReadOnlySpan<byte> stream, VideoCodec codec, PictureSize size)
    {
        string format = codec switch { VideoCodec.H264 => "h264", VideoCodec.H265 => "hevc", _ => "obu" };
        byte[] pixels = Run("ffmpeg", $"-v error -f {format} -i - -f rawvideo -pix_fmt nv12 -fps_mode passthrough -", stream);
        int pictureBytes = size.Width * size.Height + (size.Width + 1) / 2 * ((size.Height + 1) / 2) * 2;
        Assert.Equal(0, pixels.Length % pictureBytes);
        return [.. pixels.Chunk(pictureBytes)];
    }

    /// <summary>The visible part of a picture of even size, as <see cref="DecodeNv12"/> gives it.</summary>
    public static unsafe byte[] Packed(HostPicture picture)
    {
        (int width, int height) = (picture.Size.Width, picture.Size.Height);
        byte[] packed = new byte[width * height * 3 / 2];
        for (int y = 0; y < height; y++)
            new ReadOnlySpan<byte>(picture.Luma + (nint)y * picture.Stride, width).CopyTo(packed.AsSpan(y * width));
        for (int y = 0; y < height / 2; y++)
            new ReadOnlySpan<byte>(picture.Chroma + (nint)y * picture.Stride, width).CopyTo(packed.AsSpan((height + y) * width));
        return packed;
    }

    /// <summary>Peak signal-to-noise ratio in dB between two equally long planes.</summary>
    public static double Psnr(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double squares = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            double difference = actual[i] - expected[i];
            squares += difference * difference;
        }

        return squares == 0 ? double.PositiveInfinity : 10 * Math.Log10(255.0 * 255.0 * actual.Length / squares);
    }

    /// <summary>Runs a program with <paramref name="input"/> on its standard input and returns its output.</summary>
    public static byte[] Run(string program, string arguments, ReadOnlySpan<byte> input)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        byte[] bytes = input.ToArray();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task feeding = Task.Run(() =>
        {
            process.StandardInput.BaseStream.Write(bytes);
            process.StandardInput.Close();
        });
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        feeding.Wait();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {arguments}: {errors.Result}");
        return output.ToArray();
    }
}
