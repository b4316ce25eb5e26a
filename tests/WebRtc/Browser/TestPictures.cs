using System.Diagnostics;

namespace QemuZeroCopy.WebRtc.Tests.Browser;

/// <summary>Access units made by ffmpeg's x264, split at their delimiters.</summary>
internal static class TestPictures
{
    /// <summary>A still split screen with a moving bar below: left 0x2060C0, right 0xC04020.</summary>
    public static List<byte[]> SplitScreen(int frames, int bitrateKbits = 2000) => Encode(
        "color=c=0x2060C0:size=640x360:rate=30,drawbox=x=320:y=0:w=320:h=360:color=0xC04020:t=fill,"
        + "drawbox=x=0:y=300:w=640:h=60:color=black:t=fill,noise=alls=40:allf=t,drawbox=x=0:y=0:w=320:h=300:color=0x2060C0:t=fill,"
        + "drawbox=x=320:y=0:w=320:h=300:color=0xC04020:t=fill,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
        $"-c:v libx264 -preset ultrafast -tune zerolatency -g 100000 -b:v {bitrateKbits}k -maxrate {bitrateKbits}k -bufsize 500k -x264-params aud=1:repeat-headers=1:sliced-threads=0 -colorspace bt709 -color_primaries bt709 -color_trc bt709 -f h264",
        frames);

    /// <summary>The split screen as AV1, one temporal unit each.</summary>
    public static List<byte[]> Av1(int frames)
    {
        byte[] ivf = Run(
            "color=c=0x2060C0:size=640x360:rate=30,drawbox=x=320:y=0:w=320:h=360:color=0xC04020:t=fill,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
            "-c:v libaom-av1 -usage realtime -cpu-used 8 -lag-in-frames 0 -g 100000 -b:v 500k -colorspace bt709 -color_primaries bt709 -color_trc bt709 -f ivf",
            frames);
        // IVF: a header of 32 bytes, then frames of 4 bytes of size and 8 of time.
        var units = new List<byte[]>();
        for (int at = 32; at < ivf.Length; at += 12 + BitConverter.ToInt32(ivf, at))
            units.Add(ivf[(at + 12)..(at + 12 + BitConverter.ToInt32(ivf, at))]);
        Assert.Equal(frames, units.Count);
        return units;
    }

    private static List<byte[]> Encode(string source, string encoder, int frames)
    {
        List<byte[]> units = SplitAtDelimiters(Run(source, encoder, frames), [0, 0, 0, 1, 9]);
        Assert.Equal(frames, units.Count);
        return units;
    }

    private static byte[] Run(string source, string encoder, int frames)
    {
        var start = new ProcessStartInfo("ffmpeg", $"-v error -f lavfi -i \"{source}\" -frames:v {frames} {encoder} -")
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using Process process = Process.Start(start)!;
        using var bytes = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(bytes);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return bytes.ToArray();
    }

    /// <summary>Access units, each beginning with a delimiter's start code and first byte.</summary>
    public static List<byte[]> SplitAtDelimiters(byte[] stream, byte[] delimiter)
    {
        var units = new List<byte[]>();
        int start = -1;
        for (int at = 0; at < stream.Length;)
        {
            int found = stream.AsSpan(at).IndexOf(delimiter);
            if (found < 0)
                break;
            if (start >= 0)
                units.Add(stream[start..(at + found)]);
            start = at + found;
            at = start + 5;
        }

        units.Add(stream[start..]);
        return units;
    }
}
