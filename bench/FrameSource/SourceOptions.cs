using System.Globalization;

namespace QemuZeroCopy.FrameSource;

/// <summary>What moves in the picture.</summary>
public enum MotionKind
{
    /// <summary>Nothing: one picture.</summary>
    Idle,

    /// <summary>A letter in every frame, where a caret stands.</summary>
    Typing,

    /// <summary>A page of text, 3 pixels up in every frame.</summary>
    Scroll,

    /// <summary>A textured window of half the width and height.</summary>
    Video,

    /// <summary>The whole screen, with figures that cross it.</summary>
    Game,
}

/// <summary>How the picture is handed over.</summary>
public enum SourceMemory
{
    /// <summary>ScanoutMap, as QEMU does with gl=off: nobody waits for anybody.</summary>
    Shared,

    /// <summary>ScanoutDMABUF, as with gl=on: the next frame waits until the one before is answered.</summary>
    DmaBuf,
}

/// <summary>The command line of the frame source.</summary>
public sealed record SourceOptions
{
    /// <summary>How it goes.</summary>
    public const string Usage = """
        usage: frame-source --qmp SOCKET [--size WxH] [--fps N] [--kind idle|typing|scroll|video|game] [--seed N]
                            [--memory shared|dmabuf]
          Shows a picture as a QEMU with -display dbus,p2p=yes does: qzc attach --qmp SOCKET
        """;

    /// <summary>Where the QMP endpoint listens.</summary>
    public string QmpPath { get; private init; } = "";

    /// <summary>In pixels.</summary>
    public int Width { get; private init; } = 1280;

    /// <summary>In pixels.</summary>
    public int Height { get; private init; } = 800;

    /// <summary>Frames per second.</summary>
    public int FramesPerSecond { get; private init; } = 60;

    /// <summary>What moves.</summary>
    public MotionKind Kind { get; private init; } = MotionKind.Video;

    /// <summary>How the picture is handed over.</summary>
    public SourceMemory Memory { get; private init; }

    /// <summary>The same seed draws the same pictures.</summary>
    public int Seed { get; private init; } = 1;

    /// <summary>Reads the arguments; false with what is wrong with them.</summary>
    public static bool TryParse(string[] args, out SourceOptions options, out string? problem)
    {
        options = new SourceOptions();
        problem = null;
        for (int i = 0; i < args.Length; i += 2)
        {
            string value = i + 1 < args.Length ? args[i + 1] : "";
            SourceOptions? next = options.With(args[i], value);
            if (next is null)
            {
                problem = $"'{args[i]} {value}' makes no sense";
                return false;
            }

            options = next;
        }

        if (options.QmpPath.Length == 0)
            problem = "--qmp is missing";
        return problem is null;
    }

    private SourceOptions? With(string name, string value) => name switch
    {
        "--qmp" when value.Length is > 0 and < 108 => this with { QmpPath = value },
        "--size" when value.Split('x') is [var w, var h] && IsNumber(w, 64, 16384, out int width) && IsNumber(h, 64, 16384, out int height) => this with { Width = width, Height = height },
        "--fps" when IsNumber(value, 1, 1000, out int rate) => this with { FramesPerSecond = rate },
        "--kind" when Enum.TryParse(value, ignoreCase: true, out MotionKind kind) && Enum.IsDefined(kind) => this with { Kind = kind },
        "--memory" when Enum.TryParse(value, ignoreCase: true, out SourceMemory memory) && Enum.IsDefined(memory) => this with { Memory = memory },
        "--seed" when IsNumber(value, 0, int.MaxValue, out int seed) => this with { Seed = seed },
        _ => null,
    };

    private static bool IsNumber(string text, int least, int most, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most;
}
