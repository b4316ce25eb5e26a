using System.Diagnostics;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

/// <summary>FFmpeg's own decoder and parser: they know nothing of how the stream was made.</summary>
internal static class Ffmpeg
{
    /// <summary>Decodes a byte stream to raw pictures of <paramref name="pixelFormat"/>, which must be as many as expected.</summary>
    public static byte[] Decode(ReadOnlySpan<byte> stream, string pixelFormat)
    {
        // "error" is what a viewer would see as broken pictures; there must be none.
        (byte[] output, string errors) = Run("ffmpeg", ["-v", "error", "-f", "h264", "-i", "-", "-f", "rawvideo", "-pix_fmt", pixelFormat, "-fps_mode", "passthrough", "-"], stream);
        Assert.Equal("", errors);
        return output;
    }

    /// <summary>Every syntax element of the parameter sets and slice headers, as text.</summary>
    public static string TraceHeaders(ReadOnlySpan<byte> stream) =>
        Run("ffmpeg", ["-v", "trace", "-f", "h264", "-i", "-", "-c", "copy", "-bsf:v", "trace_headers", "-f", "null", "-"], stream).Errors;

    /// <summary>ffprobe's view of the first stream: key=value lines.</summary>
    public static string Probe(ReadOnlySpan<byte> stream) =>
        System.Text.Encoding.UTF8.GetString(Run("ffprobe", ["-v", "error", "-f", "h264", "-show_streams", "-i", "-"], stream).Output);

    private static (byte[] Output, string Errors) Run(string program, string[] arguments, ReadOnlySpan<byte> input)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        byte[] copy = input.ToArray();
        Task write = Task.Run(() =>
        {
            try
            {
                process.StandardInput.BaseStream.Write(copy);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It has seen enough.
            }
        });
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        write.Wait();
        return (output.ToArray(), errors.Result.Trim());
    }

    /// <summary>Peak signal to noise ratio, in dB.</summary>
    public static double Psnr(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        Assert.Equal(a.Length, b.Length);
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum == 0 ? 100 : 10 * Math.Log10(255.0 * 255 * a.Length / sum);
    }

    /// <summary>Bytes of one decoded NV12 picture.</summary>
    public static int Nv12Bytes(PictureSize size) => size.Width * size.Height + 2 * ((size.Width + 1) / 2 * ((size.Height + 1) / 2));
}
