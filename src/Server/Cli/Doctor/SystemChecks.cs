using System.Runtime.Intrinsics.X86;

namespace QemuZeroCopy.Server.Cli.Doctor;

/// <summary>The libraries that qzc loads at run time, and the processor.</summary>
internal static class SystemChecks
{
    public static IEnumerable<Finding> Run()
    {
        yield return Library("libsystemd (D-Bus)", Verdict.Missing, "apt install libsystemd0", "libsystemd.so.0");
        yield return Library("OpenSSL (DTLS, SRTP)", Verdict.Missing, "apt install libssl3", "libssl.so.3");
        yield return Library("x264 (encoder for every processor)", Verdict.Missing, "apt install libx264-164", "libx264.so.165", "libx264.so.164", "libx264.so.163", "libx264.so.160");
        yield return Library("Opus (sound)", Verdict.Optional, "apt install libopus0", "libopus.so.0");
        yield return Processor();
    }

    private static Finding Library(string subject, Verdict without, string advice, params string[] names) => Probe.FirstLibrary(names) is { } name
        ? new Finding(subject, Verdict.Good, name)
        : new Finding(subject, without, "not installed", advice);

    private static Finding Processor()
    {
        string threads = $"{Environment.ProcessorCount} threads";
        if (Avx512BW.IsSupported)
            return new Finding("Processor", Verdict.Good, $"AVX-512, {threads}");
        if (Avx2.IsSupported)
            return new Finding("Processor", Verdict.Good, $"AVX2, {threads}");
        return new Finding("Processor", Verdict.Optional, $"no AVX2, {threads}: pictures are converted 128 bits at a time");
    }
}
