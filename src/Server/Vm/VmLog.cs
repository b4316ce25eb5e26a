using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Vm;

/// <summary>What the log says about QEMU and its consoles. Event ids 1000 to 1999; the numbers are stable.</summary>
internal static partial class VmLog
{
    [LoggerMessage(1000, LogLevel.Information, "Attached to QEMU{Name}: {Consoles}.")]
    public static partial void Attached(ILogger log, string name, string consoles);

    [LoggerMessage(1001, LogLevel.Warning, "QEMU is gone ({Reason}); waiting for it to come back.")]
    public static partial void Gone(ILogger log, string reason);

    [LoggerMessage(1002, LogLevel.Information, "{Console} at {Size}: {Converter}, {Encoder}.")]
    public static partial void PathChosen(ILogger log, string console, PictureSize size, string converter, string encoder);

    [LoggerMessage(1003, LogLevel.Information, "{Console} cannot use {Path}: {Reason}")]
    public static partial void PathRefused(ILogger log, string console, string path, string reason);

    [LoggerMessage(1004, LogLevel.Error, "{Console} shows nothing: nothing on this machine converts {Picture}. See 'qzc doctor'.")]
    public static partial void NoPathLeft(ILogger log, string console, Scanout picture);

    [LoggerMessage(1005, LogLevel.Warning, "{Console}: QEMU handed over a picture of {Size} that is not what it claims to be; the last one stays.")]
    public static partial void BadScanout(ILogger log, string console, PictureSize size);

    [LoggerMessage(1006, LogLevel.Error, "{Console}: the encode thread has ended.")]
    public static partial void Faulted(ILogger log, string console, Exception exception);

    [LoggerMessage(1007, LogLevel.Warning, "QEMU sent something that cannot be used ({Kind}): {Detail}; more of its kind is only counted.")]
    public static partial void Refused(ILogger log, RefusedInput kind, string detail);

    [LoggerMessage(1008, LogLevel.Warning, "The machine will not be heard: {Reason}")]
    public static partial void NoSound(ILogger log, string reason);
}
