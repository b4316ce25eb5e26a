using System.Globalization;
using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Encode.Vaapi;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Cli.Doctor;

/// <summary>What was found of graphics, and the way that follows from it.</summary>
/// <param name="Findings">A line for each thing that was looked at.</param>
/// <param name="Path">The way in a sentence.</param>
/// <param name="Ladder">All ways that a frame may take, best first: what qzc steps down on.</param>
internal sealed record GraphicsFindings(IReadOnlyList<Finding> Findings, string Path, IReadOnlyList<string> Ladder);

/// <summary>GPUs: render nodes, and the libraries that reach them.</summary>
internal static class GraphicsChecks
{
    private const string CpuPath = "QEMU's shared memory → NV12 on the processor → x264 → WebRTC.";

    public static GraphicsFindings Run()
    {
        string[] nodes = Directory.Exists("/dev/dri") ? [.. Directory.GetFiles("/dev/dri", "renderD*").Order(StringComparer.Ordinal)] : [];
        string[] usable = Array.FindAll(nodes, Probe.CanOpen);
        var findings = new List<Finding> { RenderNodes(nodes, usable) };
        findings.Add(Library("Vulkan", "apt install libvulkan1 mesa-vulkan-drivers", "libvulkan.so.1"));
        findings.Add(Library("EGL", "apt install libegl1", "libEGL.so.1"));
        bool vaapi = Probe.FirstLibrary("libva-drm.so.2") is not null && Probe.FirstLibrary("libavcodec.so.62", "libavcodec.so.61", "libavcodec.so.60", "libavcodec.so.59") is not null;
        findings.Add(vaapi
            ? new Finding("VAAPI through FFmpeg", Verdict.Good, usable.Length > 0 ? "libraries are there" : "libraries are there, without a GPU to use them on")
            : new Finding("VAAPI through FFmpeg", Verdict.Optional, "not installed: x264 encodes on the processor", "apt install libavcodec59 libva-drm2 and the GPU's driver (Intel: intel-media-va-driver, AMD: mesa-va-drivers)"));
        foreach (string node in vaapi ? usable : [])
            findings.Add(Encoders(node, VaapiProbe.OfRenderNode(node)));
        using var paths = new VideoPaths(GpuChoice.Auto, null);
        foreach (string line in paths.Findings)
            findings.Add(new Finding("Conversion", line.Contains("not used", StringComparison.Ordinal) ? Verdict.Optional : Verdict.Good, line));
        return new GraphicsFindings(findings, usable.Length == 0
            ? $"{CpuPath} There is no GPU that this user could use."
            : $"with 'qzc run --gl' QEMU's DMA-BUFs go the first of these ways that takes them; else {CpuPath}", [.. paths.Ladder.Select(path => path.Name)]);
    }

    /// <summary>Profiles and entrypoints of one driver, and what of it is used.</summary>
    internal static Finding Encoders(string node, VaapiProbe probe)
    {
        string subject = $"VAAPI on {Path.GetFileName(node)}";
        if (probe.Encoders.Count == 0)
            return new Finding(subject, Verdict.Optional, probe.Problem);
        string entries = string.Join(", ", probe.Encoders.Select(entry => $"{NameOf(entry.Profile)}{(entry.IsLowPower ? " (low power)" : "")}"));
        return probe.Codecs.Count > 0
            ? new Finding(subject, Verdict.Good, $"{probe.Vendor} encodes {entries}; used for {string.Join(", ", probe.Codecs)}")
            : new Finding(subject, Verdict.Optional, $"{probe.Vendor} encodes {entries}", probe.Problem);
    }

    private static string NameOf(VaProfile profile) => Enum.IsDefined(profile) ? profile.ToString() : string.Create(CultureInfo.InvariantCulture, $"VAProfile {(int)profile}");

    private static Finding RenderNodes(string[] nodes, string[] usable)
    {
        if (usable.Length > 0)
            return new Finding("GPU", Verdict.Good, string.Join(", ", usable));
        return nodes.Length > 0
            ? new Finding("GPU", Verdict.Optional, $"{string.Join(", ", nodes)} cannot be opened by this user", "add this user to the group render")
            : new Finding("GPU", Verdict.Optional, "no /dev/dri/renderD*: QEMU cannot draw with gl=on, and pictures are converted on the processor");
    }

    private static Finding Library(string subject, string advice, string name) => Probe.FirstLibrary(name) is { } found
        ? new Finding(subject, Verdict.Good, found)
        : new Finding(subject, Verdict.Optional, "not installed", advice);
}
