using QemuZeroCopy.Interop.Jpeg;
using QemuZeroCopy.Interop.Opus;
using QemuZeroCopy.Pipeline.Convert.Cpu;

namespace QemuZeroCopy.Server.Cli.Doctor;

/// <summary>The libraries that qzc loads at run time, and the processor.</summary>
internal static class SystemChecks
{
    public static IEnumerable<Finding> Run()
    {
        yield return Library("libsystemd (D-Bus)", Verdict.Missing, "apt install libsystemd0", "libsystemd.so.0");
        yield return Library("OpenSSL (DTLS, SRTP)", Verdict.Missing, "apt install libssl3", "libssl.so.3");
        yield return Library("x264 (encoder for every processor)", Verdict.Missing, "apt install libx264-164", "libx264.so.165", "libx264.so.164", "libx264.so.163", "libx264.so.160");
        yield return OpusLibrary.TryGetVersion(out _) is { } opus
            ? new Finding("Opus (sound)", Verdict.Good, opus)
            : new Finding("Opus (sound)", Verdict.Optional, "not installed: machines are shown without sound", "apt install libopus0");
        yield return JpegEncoder.IsAvailable
            ? new Finding("TurboJPEG (first picture)", Verdict.Good, "installed")
            : new Finding("TurboJPEG (first picture)", Verdict.Optional, "not installed: a page shows nothing until its video runs", "apt install libturbojpeg0");
        yield return Processor();
    }

    private static Finding Library(string subject, Verdict without, string advice, params string[] names) => Probe.FirstLibrary(names) is { } name
        ? new Finding(subject, Verdict.Good, name)
        : new Finding(subject, without, "not installed", advice);

    /// <summary>What the converter itself has chosen, which is all that counts.</summary>
    private static Finding Processor()
    {
        using var converter = new CpuConverter();
        return new Finding("Processor", Verdict.Good, $"{Environment.ProcessorCount} threads; pictures are converted by {converter.Name}");
    }
}
